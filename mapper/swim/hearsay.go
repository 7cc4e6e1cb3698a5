package swim

import (
	"time"

	"github.com/hashicorp/memberlist"
)

// To a newcomer the engine passes on who is alive, and nobody else: what it
// says of the others is about members that the newcomer never met, and ignored.
// But a suspect takes part in placement everywhere else, for as long as it takes
// to agree that it failed; a newcomer that does not know of it would place keys
// on other members. So a member that joins believes what it hears of those whom
// it has not met. Its engine does not know them, so it does not pass them on,
// and hearsay ends by itself: with the engine meeting the member, which is
// arranged as soon as it answers, or after the longest time that the others may
// take to agree.

// NotifyMerge shows the members that another one knows, before the engine takes
// in those that are alive.
func (d delegate) NotifyMerge(nodes []*memberlist.Node) error {
	d.c.update(func(b *book, now time.Time) {
		for _, n := range nodes {
			f, err := decodeFace(n.Meta)
			switch {
			case err != nil:
			case n.Name == b.self:
				b.supersede(f.life(), f.clock, now)
			case n.State != memberlist.StateAlive && d.c.allowed(n.Addr) == nil:
				b.told(*n, f, d.c.timing, now)
			}
		}
	})
	wake(d.c.behind)
	return nil
}

// told takes in a member that was never met, as others hold it.
func (b *book) told(n memberlist.Node, f face, t Timing, now time.Time) {
	if checkName(n.Name) != nil || b.cards[n.Name] != nil || len(b.cards) >= b.limit || f.observer || f.generation >= maxGeneration {
		return
	}
	c := b.add(n.Name)
	c.life = f.life()
	switch n.State {
	case memberlist.StateSuspect:
		c.suspected = c.life.incarnation
		c.hearsay = now.Add(t.longestSuspicion(len(b.cards)))
	case memberlist.StateLeft:
		c.left = c.life.incarnation
	}
	b.shown(c, n, f, now)
}

// doubt ends hearsay that is too old.
func (b *book) doubt(now time.Time) {
	for _, c := range b.cards {
		if !c.hearsay.IsZero() && now.After(c.hearsay) {
			c.hearsay = time.Time{}
			b.settle(c, now)
		}
	}
}

// stands reports whether the member is held up: by the engine, or by others.
func (c *card) stands() bool { return c.up || !c.hearsay.IsZero() }
