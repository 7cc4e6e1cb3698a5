package swim

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Metadata that is too large for the gossip is announced by it and asked for.

// serve sends metadata that another member asked for, its own or anybody's.
func (c *Cluster) serve(m message) {
	to, ok := c.node(m.from)
	if !ok {
		return // an answer goes to members only, never to an address from a packet
	}
	wanted := version{m.life.generation, m.clock}
	held, metadata := c.holding(m.name)
	if metadata == nil || held.before(wanted) || !c.served.first(serving{m.from, m.name, wanted}, time.Now(), c.fetchPause()/2) {
		return
	}
	c.post(func() {
		_ = c.engine.SendReliable(&to, message{
			kind: kindData, name: m.name, life: life{generation: held.generation}, clock: held.clock, metadata: metadata,
		}.encode())
	})
}

// holding returns what this member knows another says, or nil.
func (c *Cluster) holding(name string) (version, map[string][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	card := c.book.cards[name]
	if card == nil {
		return version{}, nil
	}
	return card.held, card.metadata
}

// fetchPause is how long a member waits before it asks for the same again.
func (c *Cluster) fetchPause() time.Duration {
	return max(c.timing.ProbeTimeout, 200*time.Millisecond)
}

// catchUp asks for metadata that was announced and did not come along.
func (c *Cluster) catchUp(ctx context.Context) {
	pause := c.fetchPause()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-c.behind:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		var due []request
		c.update(func(b *book, now time.Time) { due = b.wanted(pause, now) })
		for _, r := range due {
			c.post(func() { c.fetch(r) })
		}
	}
}

// fetch asks the member itself, by packet first and then by stream; every
// third time it asks somebody else, who may have got it.
func (c *Cluster) fetch(r request) {
	ask := message{kind: kindFetch, name: r.name, life: life{generation: r.version.generation}, clock: r.version.clock, from: c.cfg.Name}.encode()
	to, ok := c.node(r.name)
	if r.attempt%3 == 0 {
		if others := c.others(1, r.name); len(others) > 0 {
			to, ok = others[0], true
		}
	}
	switch {
	case !ok:
	case r.attempt == 1:
		_ = c.engine.SendBestEffort(&to, ask)
	default:
		_ = c.engine.SendReliable(&to, ask)
	}
}

// serving is an answer: which metadata to whom.
type serving struct {
	to, about string
	version   version
}

// recently remembers answers for a while. A request is a small packet that can
// be recorded and played again, and its answer up to MaxMetadata.
type recently struct {
	mu   sync.Mutex
	when map[serving]time.Time
}

// first reports whether the answer was not given within the time before.
func (r *recently) first(s serving, now time.Time, within time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.when, func(_ serving, at time.Time) bool { return now.Sub(at) >= within })
	if _, again := r.when[s]; again {
		return false
	}
	if r.when == nil {
		r.when = map[serving]time.Time{}
	}
	r.when[s] = now
	return true
}
