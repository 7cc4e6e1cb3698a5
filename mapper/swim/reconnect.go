package swim

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

const (
	// firstReconnect is the pause before a missing peer is tried again. Peers that
	// are started together are there a moment later; the pauses double.
	firstReconnect = 200 * time.Millisecond

	// warnNamesakeEvery is how often a namesake is logged.
	warnNamesakeEvery = 10 * time.Minute
)

// reconnectLoop tries to reach lost members until the context ends. It has a
// goroutine of its own, as an address that does not answer takes Timing.Stream
// of each attempt.
func (c *Cluster) reconnectLoop(ctx context.Context) {
	early := retry.Backoff{Min: firstReconnect, Max: c.timing.Reconnect} // until all was reached once
	reachedAll := false
	warnings := rateLimit{burst: 1, every: warnNamesakeEvery}
	next := time.NewTimer(early.Next())
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		other := c.takeNamesake()
		if other != nil && c.isAlive(ctx, *other) {
			if _, ok := warnings.allow(time.Now()); ok {
				c.log.Warn("another running member has the name of this one; the others keep the one that they knew first", "name", other.Name, "address", other.Addr.String())
			}
		}
		reachedAll = c.reconnect(ctx, other != nil) || reachedAll
		pause := c.timing.Reconnect
		if !reachedAll {
			pause = early.Next()
		}
		next.Reset(jitter(pause))
	}
}

// reconnect does a push-pull with one address that should be a member and is
// not: a member that is offline, or a peer that is not a member. Without the
// second, members that started before their peers could stay in two clusters.
// It reports whether nothing is left to do for now.
func (c *Cluster) reconnect(ctx context.Context, refused bool) bool {
	online := c.tableNodes(StatusAvailable)
	missing := c.missingPeers(ctx, online)
	for _, n := range c.tableNodes(StatusOffline) {
		missing = append(missing, n.Addr.String())
	}
	if refused && len(online) > 0 { // ask again to be accepted at the new address
		missing = append(missing, online[rand.IntN(len(online))].Addr.String())
	}
	if len(missing) == 0 {
		return true
	}
	reached, _ := c.pushPull(ctx, []string{missing[rand.IntN(len(missing))]})
	return reached > 0
}

// missingPeers returns the addresses of peers that are not online.
func (c *Cluster) missingPeers(ctx context.Context, online []members.Node) []string {
	if len(c.cfg.Peers) == 0 {
		return nil
	}
	addrs, failed := c.peers(ctx)
	for _, err := range failed { // the next attempt may resolve it
		c.log.Debug("cannot resolve a peer", "err", err)
	}
	return slices.DeleteFunc(addrs, func(addr string) bool {
		return slices.ContainsFunc(online, func(n members.Node) bool { return n.Addr.String() == addr })
	})
}
