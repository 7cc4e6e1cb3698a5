package swim

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hashicorp/memberlist"
)

// seek looks for ways back to whom this member lost, until the context ends.
// It has a goroutine of its own, as an address where nobody answers takes
// Timing.Stream of each attempt.
func (c *Cluster) seek(ctx context.Context) {
	pause := retry{min: min(soon, c.timing.Reconnect), max: c.timing.Reconnect}
	quiet := ration{burst: 1, every: namesakeEvery}
	next := time.NewTimer(pause.min)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		other := c.namesake()
		if other != nil && c.answersToOurName(ctx, other) {
			if _, ok := quiet.take(time.Now()); ok {
				c.log.Warn("another member that is alive has the name of this one; the others see the one that they knew first", "name", other.Name, "address", other.Address())
			}
		}
		pause.done(time.Now(), c.reconnect(ctx, other != nil))
		next.Reset(time.Until(pause.next))
	}
}

// soon is when a peer is tried again that was not there. Those that are started
// together are there a moment later; the pauses double from one to the next.
const soon = 200 * time.Millisecond

// namesakeEvery is how often a namesake is complained of.
const namesakeEvery = 10 * time.Minute

// reconnect tries one member that should be there and is not: one that is
// offline, or a peer that is no member yet. Without the second, members that
// started before their peers could end up in two clusters for good. It reports
// whether there is nothing more to do for now.
func (c *Cluster) reconnect(ctx context.Context, refused bool) bool {
	c.mu.Lock()
	offline, online := c.book.peers(StatusOffline), c.book.peers(StatusAvailable)
	c.mu.Unlock()
	missing := c.missingPeers(ctx, online)
	for _, n := range offline {
		missing = append(missing, n.Address())
	}
	if refused && len(online) > 0 { // ask again to be let in at our new address
		missing = append(missing, online[rand.IntN(len(online))].Address())
	}
	if len(missing) == 0 {
		return true
	}
	reached, _ := c.exchange(ctx, []string{missing[rand.IntN(len(missing))]})
	return reached > 0
}

// missingPeers returns the addresses of peers that are not online.
func (c *Cluster) missingPeers(ctx context.Context, online []memberlist.Node) []string {
	if len(c.cfg.Peers) == 0 {
		return nil
	}
	addrs, failed := c.peers(ctx)
	for _, err := range failed { // the name may be back the next time
		c.log.Debug("a peer cannot be resolved now", "error", err)
	}
	return slices.DeleteFunc(addrs, func(addr string) bool {
		return slices.ContainsFunc(online, func(n memberlist.Node) bool { return n.Address() == addr })
	})
}
