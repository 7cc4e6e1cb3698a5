package swim

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/memberlist"
)

// Suspicion, made visible. The engine suspects too, but tells nobody: so each
// member looks at one other every Timing.Check, in an order drawn anew each
// round. The load on each member is one look sent and, on average, one
// received per interval, whatever the size of the cluster.
//
//	0                 a packet to the member
//	2/5 ProbeTimeout  no answer: a stream to it, and a question to others
//	7/5 ProbeTimeout  still none: suspect, and everybody is told
//
// A member that cannot keep up doubts others for its own fault. So one whose
// engine finds it in bad health (Lifeguard's measure) looks less often and
// waits longer, which also gives it less to do.

// maxLooks bounds the looks under way, each of which has a goroutine.
const maxLooks = 16

// check looks at one member after another until the context ends.
func (c *Cluster) check(ctx context.Context) {
	tick := time.NewTicker(c.timing.Check)
	defer tick.Stop()
	places := make(chan struct{}, maxLooks)
	var turn pace
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		ill := c.engine.GetHealthScore()
		look, suspects := turn.next(ill)
		if !look {
			continue
		}
		target, ok := c.next(suspects)
		if !ok {
			continue
		}
		select {
		case places <- struct{}{}:
			c.running.Go(func() {
				defer func() { <-places }()
				c.look(ctx, target, c.timing.ProbeTimeout*time.Duration(1+ill))
			})
		default: // all places wait for answers; this turn is left out
		}
	}
}

// pace counts turns and looks: a member in bad health leaves turns out, and
// every other look is at a suspect, so that a wrong suspicion ends soon.
type pace struct{ turns, looks int }

func (p *pace) next(ill int) (look, suspects bool) {
	look = p.turns%(1+ill) == 0
	p.turns++
	if look {
		suspects = p.looks%2 == 1
		p.looks++
	}
	return look, suspects
}

// next says whom to look at: a suspect, if one is wanted and there is one, or
// whose turn it is.
func (c *Cluster) next(suspect bool) (memberlist.Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if suspect {
		if suspects := c.book.peers(StatusSuspect); len(suspects) > 0 {
			return suspects[rand.IntN(len(suspects))], true
		}
	}
	return c.round.next(c.book)
}

// rota goes through the members in rounds, in an order drawn anew for each, as
// SWIM does (Das, Gupta, Motivala 2002, section 4.3). Whoever leaves in the
// middle is skipped.
type rota struct{ left []string }

// insert gives a member who joins a place in the round under way. After many
// joined at once nobody would look at the last of them for a round otherwise.
func (r *rota) insert(name string) {
	r.left = append(r.left, name)
	i, last := rand.IntN(len(r.left)), len(r.left)-1
	r.left[i], r.left[last] = r.left[last], r.left[i]
}

func (r *rota) next(b *book) (memberlist.Node, bool) {
	for range 2 {
		for len(r.left) > 0 {
			card := b.cards[r.left[0]]
			r.left = r.left[1:]
			if card != nil && !card.local && card.status.In(StatusAvailable) {
				return card.node, true
			}
		}
		for name, card := range b.cards {
			if !card.local && card.status.In(StatusAvailable) {
				r.left = append(r.left, name)
			}
		}
		rand.Shuffle(len(r.left), func(i, j int) { r.left[i], r.left[j] = r.left[j], r.left[i] })
	}
	return memberlist.Node{}, false
}

// look finds out whether a member answers, by others at the latest within the
// limit.
func (c *Cluster) look(ctx context.Context, target memberlist.Node, limit time.Duration) {
	started := time.Now()
	patience := c.timing.ProbeTimeout * 2 / 5
	pong := make(chan struct{})
	c.remind(target)
	c.running.Go(func() {
		if _, err := c.engine.Ping(target.Name, packetAddr(target.Address())); err == nil {
			close(pong)
		}
	})
	nonce, vouched := c.asks.ask()
	defer c.asks.forget(nonce)
	for _, wait := range []time.Duration{patience, limit} {
		timer := time.NewTimer(wait)
		select {
		case <-pong:
		case <-vouched:
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			if wait == patience {
				c.inquire(target, nonce)
			}
			continue
		}
		timer.Stop()
		unmet := false
		c.update(func(b *book, now time.Time) { unmet = b.seen(target.Name, now) })
		if unmet {
			_, _ = c.exchange(ctx, []string{target.Address()})
		}
		return
	}
	if slept := time.Since(started) - patience - limit; slept > sleepy {
		return // this process did not run in the meantime: the answer may be waiting
	}
	c.accuse(target.Name)
}

// sleepy is how late a timer may be before its owner distrusts itself.
const sleepy = 500 * time.Millisecond

// inquire asks the member itself by stream, and some others whether they see
// it.
func (c *Cluster) inquire(target memberlist.Node, nonce uint64) {
	ask := message{kind: kindAsk, name: target.Name, nonce: nonce, from: c.cfg.Name}.encode()
	for _, helper := range c.others(c.timing.IndirectChecks, target.Name) {
		_ = c.engine.SendBestEffort(&helper, ask)
	}
	c.running.Go(func() { _ = c.engine.SendReliable(&target, ask) })
}

// accuse makes a member suspect, here and everywhere.
func (c *Cluster) accuse(name string) {
	var told message
	var ok bool
	c.update(func(b *book, now time.Time) { told, ok = b.missed(name, now) })
	if ok {
		c.broadcast(told.kind, told.name, told.encode())
	}
}

// answer says whether the member that somebody misses is seen here: this
// member itself, or one that answers a packet.
func (c *Cluster) answer(m message) {
	to, ok := c.node(m.from)
	if !ok {
		return
	}
	if m.name == c.cfg.Name {
		_ = c.engine.SendReliable(&to, c.vouch(m))
		return
	}
	target, ok := c.node(m.name)
	if !ok {
		return
	}
	if _, err := c.engine.Ping(target.Name, packetAddr(target.Address())); err == nil {
		_ = c.engine.SendBestEffort(&to, c.vouch(m))
	}
}

func (c *Cluster) vouch(m message) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := message{kind: kindVouch, name: m.name, nonce: m.nonce}
	if card := c.book.cards[m.name]; card != nil {
		v.life = card.life
	}
	return v.encode()
}

// packetAddr is a host:port that the engine only ever prints.
type packetAddr string

func (packetAddr) Network() string  { return "udp" }
func (a packetAddr) String() string { return string(a) }
