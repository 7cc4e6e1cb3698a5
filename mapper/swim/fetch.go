package swim

import (
	"context"
	"time"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// refetch returns the least pause between two requests for the same metadata.
func (t Timing) refetch() time.Duration { return max(t.ProbeTimeout, 200*time.Millisecond) }

// fetchLoop requests metadata that was announced and is missing.
func (c *Cluster) fetchLoop(ctx context.Context) {
	tick := time.NewTicker(c.timing.refetch())
	defer tick.Stop()
	for {
		select {
		case <-c.missing:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		var due []members.Request
		c.update(func(t *members.Table, now time.Time) { due = t.Requests(now) })
		for _, r := range due {
			c.enqueue(func() { c.fetch(r) })
		}
	}
}

// fetch sends a request to the member itself, first as a packet and then by
// stream. Every third one goes to another member, which may have the metadata.
func (c *Cluster) fetch(r members.Request) {
	to, ok := c.node(r.Message.Name)
	if r.Attempt%3 == 0 {
		if others := c.randomOnline(1, r.Message.Name); len(others) > 0 {
			to, ok = others[0], true
		}
	}
	switch {
	case !ok:
	case r.Attempt == 1:
		c.sendPacket(to, r.Message)
	default:
		c.sendStream(to, r.Message)
	}
}
