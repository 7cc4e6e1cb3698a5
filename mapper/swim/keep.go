package swim

import (
	"context"
	"time"
)

// keep does what keeps the cluster together: exchanges while it grows or while
// news got lost, and forgetting.
func (c *Cluster) keep(ctx context.Context) {
	tick := time.NewTicker(c.timing.Settle / 4)
	defer tick.Stop()
	storm := settling{interval: c.timing.Settle, young: time.Now().Add(youth)}
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
				c.update(func(b *book, now time.Time) {
					b.doubt(now)
					b.forget(c.timing, now)
				})
				forget.done(now, true)
			}
			if storm.due(now, c.size()) {
				c.swap(ctx)
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

// publishAttempts bounds the calls of UpdateNode for one change.
const publishAttempts = 10

// show announces what this member says of itself whenever it changes. It tries
// again while memberlist drops the change, as it does if it refutes a claim
// about this member between numbering the change and storing it.
func (c *Cluster) show(ctx context.Context) {
	for {
		select {
		case <-c.announce:
			c.leaving.take()
			for i := 0; i < publishAttempts && !c.left && !c.isPublished(); i++ {
				// The wait is for the whole gossip to end; the next change must not wait.
				_ = c.engine.UpdateNode(time.Millisecond)
			}
			c.leaving.release()
		case <-ctx.Done():
			return
		}
	}
}

// isPublished reports whether memberlist holds what this member says of itself.
func (c *Cluster) isPublished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.book.published == c.book.me().held
}
