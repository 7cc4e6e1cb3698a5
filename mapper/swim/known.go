package swim

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/hashicorp/memberlist"
)

// Gossip passes a change on so many times and then forgets it: with 30 % of
// packets lost, one change in twenty misses one of 20 members, and one in six
// one of 60. The engine repairs that with its next exchange, half a minute or
// more later. So members remind each other of the changes that they have known
// for a while, in the answer to each probe and ahead of each look. Whoever
// lacks one exchanges with the member that reminded it.
//
// Reminders are about what everybody should have by now, so without loss
// hardly any is news, and after a quiet time there are none.

const (
	maxReminders    = 8   // changes in one message, the latest
	reminderBytes   = 512 // and about what they may take
	gossipsToSettle = 5   // intervals after which gossip has reached whom it reaches
	looksToRemind   = 32  // looks for which a change is repeated after that
)

// reminder is one change that the sender knows: which metadata a member says
// it has.
type reminder struct {
	name    string
	version version
}

// reminding is the span of a change's age in which others are reminded of it.
func (t Timing) reminding() (from, to time.Duration) {
	from = gossipsToSettle * t.Gossip
	return from, from + looksToRemind*t.Check
}

// reminders lists the latest changes that everybody should know by now.
func (b *book) reminders(t Timing, now time.Time) []reminder {
	from, to := t.reminding()
	if now.Sub(b.changed) > to {
		return nil
	}
	var due []*card
	for _, c := range b.cards {
		if age := now.Sub(c.heard); c.up && from <= age && age <= to {
			due = append(due, c)
		}
	}
	slices.SortFunc(due, func(a, b *card) int {
		return cmp.Or(b.heard.Compare(a.heard), cmp.Compare(a.name, b.name))
	})
	var list []reminder
	size := 0
	for _, c := range due[:min(len(due), maxReminders)] {
		if size += len(c.name) + 2*8; size > reminderBytes {
			break
		}
		list = append(list, reminder{c.name, c.announced})
	}
	return list
}

// lacks reports whether one of the changes is news.
func (b *book) lacks(all []reminder) bool {
	return slices.ContainsFunc(all, func(r reminder) bool {
		c := b.cards[r.name]
		return r.name != b.self && (c == nil || c.announced.before(r.version))
	})
}

// note marks the time at which this member learned what another announces.
func (b *book) note(c *card, now time.Time) { c.heard, b.changed = now, now }

// known is what this member says of itself and of recent changes.
func (c *Cluster) known() message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return message{kind: kindKnown, name: c.cfg.Name, life: c.book.me().life, reminders: c.book.reminders(c.timing, time.Now())}
}

// remind tells a member of recent changes, if there are any.
func (c *Cluster) remind(target memberlist.Node) {
	if m := c.known(); len(m.reminders) > 0 {
		_ = c.engine.SendBestEffort(&target, m.encode())
	}
}

// reminded takes a reminder. It calls nothing of the engine.
func (c *Cluster) reminded(m message) {
	lacks := false
	c.update(func(b *book, now time.Time) {
		b.alive(m, now)
		for _, r := range m.reminders {
			if r.name == b.self {
				b.supersede(life{generation: r.version.generation, instance: b.me().life.instance}, r.version.clock, now)
			}
		}
		lacks = b.lacks(m.reminders)
	})
	if lacks {
		select {
		case c.lacking <- m:
		default: // another exchange is about to begin
		}
	}
}

// repair exchanges with a member that knows more: at once, and then not again
// for a while, which is longer in a large cluster and on a machine that cannot
// keep up, where exchanges would be what it cannot keep up with. While they
// change nothing, as when this member holds as many as it may, the pauses grow
// up to that of the engine's own exchanges.
func (c *Cluster) repair(ctx context.Context, m message, r *retry) {
	if !r.due(time.Now()) || !c.isLacking(m) {
		return
	}
	if from, ok := c.node(m.name); ok {
		_, _ = c.exchange(ctx, []string{from.Address()})
	}
	if c.isLacking(m) {
		r.done(time.Now(), false)
		return
	}
	r.pause = 0
	scale := (1 + c.size()/16) * (1 + c.engine.GetHealthScore())
	r.next = time.Now().Add(jitter(r.min * time.Duration(scale)))
}

func (c *Cluster) isLacking(m message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.book.lacks(m.reminders)
}
