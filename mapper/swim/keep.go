package swim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"github.com/hashicorp/memberlist"
)

// enter joins by the peers for the first time.
func (c *Cluster) enter(ctx context.Context) error {
	if len(c.cfg.Peers) == 0 {
		if c.cfg.MustJoin {
			return fmt.Errorf("%w: no peer was named", ErrNoPeer)
		}
		return nil
	}
	addrs, err := c.peers(ctx)
	if err != nil {
		return err
	}
	reached, err := c.exchange(ctx, addrs)
	if ctx.Err() != nil {
		return fmt.Errorf("joining %q: %w", c.cfg.Peers, ctx.Err())
	}
	if reached == 0 && len(addrs) > 0 {
		if c.cfg.MustJoin {
			return fmt.Errorf("%w of %q: %w (is one running there, with the same secret and cluster label?)", ErrNoPeer, c.cfg.Peers, err)
		}
		c.log.Warn("no peer could be joined yet; trying on", "peers", c.cfg.Peers, "error", err)
	}
	return c.namesake()
}

// peers resolves the peers, without this member itself. A name that does not
// exist is an error; a resolver that cannot answer is not.
func (c *Cluster) peers(ctx context.Context) ([]string, error) {
	self := c.Local().Addr
	var all []string
	for _, p := range c.cfg.Peers {
		addrs, err := resolve(ctx, p)
		var dns *net.DNSError
		if errors.As(err, &dns) && !dns.IsNotFound {
			c.log.Warn("a peer cannot be resolved now", "peer", p, "error", err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("peer %q: %w", p, err)
		}
		for _, a := range addrs {
			if s := a.String(); s != self && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all, nil
}

// exchange swaps everything known with each address. It gives up waiting when
// the context ends; the exchange itself ends with its stream's timeout.
func (c *Cluster) exchange(ctx context.Context, addrs []string) (reached int, err error) {
	type result struct {
		reached int
		err     error
	}
	done := make(chan result, 1)
	c.running.Go(func() {
		n, err := c.engine.Join(addrs)
		done <- result{n, oneLine(err)}
	})
	select {
	case r := <-done:
		return r.reached, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// oneLine puts the engine's list of errors into one line.
func oneLine(err error) error {
	list, ok := err.(interface{ WrappedErrors() []error })
	if !ok || len(list.WrappedErrors()) == 0 {
		return err
	}
	first := list.WrappedErrors()[0]
	if more := len(list.WrappedErrors()) - 1; more > 0 {
		return fmt.Errorf("%w (and %d more)", first, more)
	}
	return first
}

// namesake fails if somebody alive has our name. One that does not answer is
// this member's own past at another address.
func (c *Cluster) namesake() error {
	c.mu.Lock()
	clash := c.clash
	c.clash = nil
	c.mu.Unlock()
	var taken *clashError
	if !errors.As(clash, &taken) {
		return nil
	}
	for range 3 {
		if _, err := c.engine.Ping(taken.other.Name, packetAddr(taken.other.Address())); err == nil {
			return fmt.Errorf("cannot join as %q: %w", c.cfg.Name, taken)
		}
	}
	return nil
}

// keep does what keeps the cluster together: exchanges while it grows, ways
// back to who is offline, and forgetting.
func (c *Cluster) keep(ctx context.Context) {
	tick := time.NewTicker(c.timing.Settle / 4)
	defer tick.Stop()
	now := time.Now()
	storm := settling{interval: c.timing.Settle, young: now.Add(youth)}
	reconnect := retry{min: min(time.Second, c.timing.Reconnect), max: c.timing.Reconnect}
	reconnect.next = now.Add(reconnect.min)
	forget := retry{max: time.Second}
	lack := retry{min: c.timing.Settle, max: max(c.timing.Settle, c.timing.PushPull)}
	for {
		select {
		case m := <-c.lacking:
			c.repair(ctx, m, &lack)
		case <-c.grown:
			storm.grew(time.Now(), c.size())
		case <-c.puzzled:
			storm.ask(time.Now(), 2)
		case now := <-tick.C:
			if forget.due(now) {
				c.update(func(b *book, now time.Time) { b.forget(c.timing, now) })
				forget.done(now, true)
			}
			if storm.due(now, c.size()) {
				c.swap(ctx)
			}
			if reconnect.due(now) {
				c.reconnect(ctx, &reconnect, now)
			}
		case <-ctx.Done():
			return
		}
	}
}

// swap exchanges everything with one member drawn at random.
func (c *Cluster) swap(ctx context.Context) {
	if some := c.others(1, ""); len(some) > 0 {
		_, _ = c.exchange(ctx, []string{some[0].Address()})
	}
}

// reconnect tries one member that should be there and is not: one that is
// offline, or a peer that is no member yet. Without the second, members that
// started before their peers could end up in two clusters for good.
func (c *Cluster) reconnect(ctx context.Context, r *retry, now time.Time) {
	c.mu.Lock()
	offline, online := c.book.peers(Offline), c.book.peers(Available)
	clash := c.clash != nil
	c.clash = nil
	c.mu.Unlock()
	missing := c.missingPeers(ctx, online)
	for _, n := range offline {
		missing = append(missing, n.Address())
	}
	if clash && len(online) > 0 { // ask again to be let in at our new address
		missing = append(missing, online[rand.IntN(len(online))].Address())
	}
	if len(missing) == 0 {
		r.done(now, true)
		return
	}
	reached, _ := c.exchange(ctx, []string{missing[rand.IntN(len(missing))]})
	r.done(now, reached > 0)
}

// missingPeers returns the addresses of peers that are not online.
func (c *Cluster) missingPeers(ctx context.Context, online []memberlist.Node) []string {
	if len(c.cfg.Peers) == 0 {
		return nil
	}
	addrs, _ := c.peers(ctx)
	return slices.DeleteFunc(addrs, func(addr string) bool {
		return slices.ContainsFunc(online, func(n memberlist.Node) bool { return n.Address() == addr })
	})
}

// retry waits longer after each failure, and a steady while after a success.
type retry struct {
	min, max time.Duration
	next     time.Time
	pause    time.Duration
}

func (r *retry) due(now time.Time) bool { return !now.Before(r.next) }

func (r *retry) done(now time.Time, ok bool) {
	r.pause = min(max(r.min, r.pause*2), r.max)
	if ok {
		r.pause = r.max
	}
	r.next = now.Add(jitter(r.pause))
}

// jitter spreads a pause between a half and three halves of it.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// settling decides on exchanges while many members join. Gossip about each
// joiner dies out early as long as few members know of many; without this,
// the engine's exchange every half minute has to repair it.
type settling struct {
	interval time.Duration
	young    time.Time // until when this member itself is a newcomer
	rounds   int
	next     time.Time
	recent   int // joiners in the current window
	window   time.Time
}

const (
	youth        = 10 * time.Second
	settleRounds = 4
)

// grew notes a joiner. A newcomer exchanges whenever it hears of somebody
// new; an old member only when several come at once.
func (s *settling) grew(now time.Time, size int) {
	if now.Sub(s.window) > 2*time.Second {
		s.window, s.recent = now, 0
	}
	s.recent++
	if now.After(s.young) && s.recent < 2+size/16 {
		return
	}
	s.ask(now, settleRounds)
}

// ask wants at least so many exchanges from now on.
func (s *settling) ask(now time.Time, rounds int) {
	if s.rounds == 0 {
		s.next = now.Add(jitter(s.interval))
	}
	s.rounds = max(s.rounds, rounds)
}

// due reports whether to exchange now. The pauses grow with the cluster, as
// the exchanges do.
func (s *settling) due(now time.Time, size int) bool {
	if s.rounds == 0 || now.Before(s.next) {
		return false
	}
	s.rounds--
	s.next = now.Add(jitter(s.interval * time.Duration(1+size/128)))
	return true
}

// show announces what this member says of itself whenever it changes.
func (c *Cluster) show(ctx context.Context) {
	for {
		select {
		case <-c.announce:
			c.leaving.Lock()
			if !c.left {
				// The wait is for the whole gossip to end; the next change must not wait.
				_ = c.engine.UpdateNode(time.Millisecond)
			}
			c.leaving.Unlock()
		case <-ctx.Done():
			return
		}
	}
}
