package swim

import (
	"context"

	"github.com/hashicorp/memberlist"
)

// Two processes may have one name. The others keep the address that they knew
// first while its owner answers; the engine refuses the second and tells only
// those two, who then both know of a namesake.

// NotifyConflict says that another address claims the name of a member.
func (d delegate) NotifyConflict(existing, other *memberlist.Node) {
	if existing.Name != d.c.cfg.Name {
		return
	}
	n := *other
	d.c.mu.Lock()
	d.c.clash = &n
	d.c.mu.Unlock()
}

// namesake returns who claimed this member's name since the last call, or nil.
func (c *Cluster) namesake() *memberlist.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	other := c.clash
	c.clash = nil
	return other
}

// answersToOurName tells a namesake that lives from this member's own past at
// another address.
func (c *Cluster) answersToOurName(ctx context.Context, other *memberlist.Node) bool {
	for range 3 {
		if ctx.Err() != nil {
			return false
		}
		if _, err := c.engine.Ping(other.Name, packetAddr(other.Address())); err == nil {
			return true
		}
	}
	return false
}
