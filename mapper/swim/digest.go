package swim

import (
	"context"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

const (
	gossipsToSettle = 5  // intervals after which gossip has reached the members that it reaches
	probesToRepeat  = 32 // probes with which a change is repeated after that
)

// digestWindow returns the ages of the changes in a digest.
func (t Timing) digestWindow() members.Window {
	from := gossipsToSettle * t.Gossip
	return members.Window{From: from, To: from + probesToRepeat*t.Check}
}

func (c *Cluster) digest() members.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Digest(time.Now())
}

// sendDigest sends a member the recent changes, if there are any.
func (c *Cluster) sendDigest(to members.Node) {
	if m := c.digest(); len(m.Changes) > 0 {
		c.sendPacket(to, m)
	}
}

// repairs paces the push-pulls that digests cause.
type repairs struct {
	backoff retry.Backoff // while they bring nothing
	next    time.Time
}

// catchUp does a push-pull with a member whose digest held news: at once, and
// then not again for a while. The pause is longer in a large cluster, and on a
// machine that cannot keep up, for which push-pulls would be one more burden.
// While they bring nothing, as when this member's table is full, the pauses
// grow up to the interval of memberlist's own.
func (c *Cluster) catchUp(ctx context.Context, digest members.Message, r *repairs) {
	if time.Now().Before(r.next) || !c.isBehind(digest) {
		return
	}
	if from, ok := c.node(digest.Name); ok {
		_, _ = c.pushPull(ctx, []string{from.Addr.String()})
	}
	var pause time.Duration
	if c.isBehind(digest) {
		pause = r.backoff.Next()
	} else {
		r.backoff.Reset()
		pause = r.backoff.Min * time.Duration((1+c.size()/16)*c.slowdown())
	}
	r.next = time.Now().Add(jitter(pause))
}

func (c *Cluster) isBehind(digest members.Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Behind(digest.Changes)
}
