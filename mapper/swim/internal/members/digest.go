package members

import (
	"cmp"
	"slices"
	"time"
)

// Gossip sends each change a fixed number of times and then drops it: with 30 %
// of packets lost, one change in twenty misses one of 20 members, and one in six
// misses one of 60. memberlist repairs that with its next push-pull, half a
// minute or more later. So members exchange digests of the changes that they
// have known for a while: in the ack of each probe, and with each probe. A
// member that lacks one starts a push-pull with the sender.
//
// A digest holds what every member should have by now. Without loss it hardly
// ever holds news, and after a quiet time it is empty.

const (
	maxChanges  = 8   // changes in one digest, the latest
	changeBytes = 512 // and about how many bytes they take
)

// Change is the version of the metadata that a member announced.
type Change struct {
	Name    string
	Version Version
}

// Digest returns the message with the life of the local member and the latest
// changes whose age is in the window.
func (t *Table) Digest(now time.Time) Message {
	return Message{Kind: KindDigest, Name: t.cfg.Name, Life: t.local().life, Changes: t.changes(now)}
}

func (t *Table) changes(now time.Time) []Change {
	window := t.cfg.DigestWindow
	if now.Sub(t.changed) > window.To {
		return nil
	}
	var due []*state
	for _, s := range t.states {
		if age := now.Sub(s.announcedAt); s.up && window.From <= age && age <= window.To {
			due = append(due, s)
		}
	}
	slices.SortFunc(due, func(a, b *state) int {
		return cmp.Or(b.announcedAt.Compare(a.announcedAt), cmp.Compare(a.name, b.name))
	})
	var list []Change
	size := 0
	for _, s := range due[:min(len(due), maxChanges)] {
		if size += len(s.name) + 2*8; size > changeBytes {
			break
		}
		list = append(list, Change{s.name, s.announced})
	}
	return list
}

// compare applies a digest and reports whether it holds news.
func (t *Table) compare(m Message, now time.Time) (behind bool) {
	t.alive(m, now)
	for _, c := range m.Changes {
		if c.Name == t.cfg.Name {
			t.supersede(Life{Generation: c.Version.Generation, Instance: t.local().life.Instance}, c.Version.Clock, now)
		}
	}
	return t.Behind(m.Changes)
}

// Behind reports whether this member lacks one of the changes.
func (t *Table) Behind(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool {
		s := t.states[c.Name]
		return c.Name != t.cfg.Name && (s == nil || s.announced.before(c.Version))
	})
}
