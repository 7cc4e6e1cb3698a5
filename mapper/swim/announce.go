package swim

import (
	"context"
	"time"
)

// announceAttempts bounds the calls of UpdateNode for one change.
const announceAttempts = 10

// announceLoop has memberlist announce the node meta whenever it changes. It
// repeats that while memberlist drops the change, as memberlist does if it
// refutes a claim about this member between numbering the change and storing it.
func (c *Cluster) announceLoop(ctx context.Context) {
	for {
		select {
		case <-c.announce:
			c.leaving.take()
			for i := 0; i < announceAttempts && !c.left && !c.isAnnounced(); i++ {
				// The timeout ends the wait for the gossip, not the gossip: the next
				// change must not wait.
				_ = c.list.UpdateNode(time.Millisecond)
			}
			c.leaving.release()
		case <-ctx.Done():
			return
		}
	}
}

// isAnnounced reports whether memberlist holds the current node meta.
func (c *Cluster) isAnnounced() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Published()
}
