package swim

import (
	"context"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// Two processes may claim one name. The others keep the address that they knew
// first while its owner answers. memberlist refuses the second address and
// reports the conflict to those two processes only.

// pingAttempts is how often a namesake is pinged before it counts as gone.
const pingAttempts = 3

// takeNamesake returns the address that claimed the name of this member since
// the last call, or nil.
func (c *Cluster) takeNamesake() *members.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	other := c.namesake
	c.namesake = nil
	return other
}

// isAlive tells a namesake that runs from an earlier process of this member at
// another address.
func (c *Cluster) isAlive(ctx context.Context, namesake members.Node) bool {
	for range pingAttempts {
		if ctx.Err() != nil {
			return false
		}
		if c.ping(namesake) == nil {
			return true
		}
	}
	return false
}
