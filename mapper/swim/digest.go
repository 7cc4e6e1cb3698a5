package swim

import (
	"context"
	"time"

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

// catchUp does a push-pull with a member whose digest held news: at once, and
// then not again for a while. The pause is longer in a large cluster, and on a
// machine that cannot keep up, for which push-pulls would be one more burden.
// While they bring nothing, as when this member's table is full, the pauses
// grow up to the interval of memberlist's own.
func (c *Cluster) catchUp(ctx context.Context, digest members.Message, b *backoff) {
	if !b.due(time.Now()) || !c.isBehind(digest) {
		return
	}
	if from, ok := c.node(digest.Name); ok {
		_, _ = c.pushPull(ctx, []string{from.Addr.String()})
	}
	if c.isBehind(digest) {
		b.done(time.Now(), false)
		return
	}
	b.pause = 0
	scale := (1 + c.size()/16) * (1 + c.list.GetHealthScore())
	b.next = time.Now().Add(jitter(b.min * time.Duration(scale)))
}

func (c *Cluster) isBehind(digest members.Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Behind(digest.Changes)
}
