package swim

import (
	"time"

	"github.com/hashicorp/memberlist"
)

// delegate is what the engine calls. It calls under its own locks, so nothing
// here calls back into the engine or waits; work that must is put in the
// outbox.
type delegate struct{ c *Cluster }

// NodeMeta is what the engine shows of this member.
func (d delegate) NodeMeta(limit int) []byte {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	return d.c.book.face().encode(limit)
}

// NotifyAlive is asked before the engine takes a member in or changes one. It
// also is where a member hears of the life that it had before a restart.
func (d delegate) NotifyAlive(n *memberlist.Node) error {
	f, err := decodeFace(n.Meta)
	if err != nil {
		return err
	}
	if n.Name == d.c.cfg.Name {
		d.hearOfSelf(f)
		return nil
	}
	d.c.update(func(b *book, _ time.Time) { err = b.admit(n.Name) })
	return err
}

func (d delegate) hearOfSelf(f face) {
	d.c.update(func(b *book, now time.Time) { b.supersede(f.life(), f.clock, now) })
}

// NotifyJoin says that a member is up.
func (d delegate) NotifyJoin(n *memberlist.Node) {
	f, err := decodeFace(n.Meta)
	if err != nil {
		return // NotifyAlive refused it
	}
	fresh := false
	d.c.update(func(b *book, now time.Time) {
		if fresh = b.joined(*n, f, now); fresh {
			d.c.round.insert(n.Name)
		}
	})
	if fresh {
		wake(d.c.grown)
	}
	wake(d.c.behind)
}

// NotifyUpdate says that a member shows something else of itself.
func (d delegate) NotifyUpdate(n *memberlist.Node) {
	f, err := decodeFace(n.Meta)
	if err != nil {
		return
	}
	d.c.update(func(b *book, now time.Time) { b.updated(*n, f, now) })
	wake(d.c.behind)
}

// NotifyLeave says that a member failed or left. If nobody knows why, its
// goodbye was lost here, and somebody else may have heard it.
func (d delegate) NotifyLeave(n *memberlist.Node) {
	sudden := false
	d.c.update(func(b *book, now time.Time) { sudden = b.gone(n.Name, now) })
	if sudden {
		wake(d.c.puzzled)
	}
}

// AckPayload tells the prober how often this member refuted and what it knows
// of others: what somebody missed by loss, the next probe brings.
func (d delegate) AckPayload() []byte { return d.c.known().encode() }

// NotifyPingComplete says that a member answered the engine.
func (d delegate) NotifyPingComplete(n *memberlist.Node, _ time.Duration, payload []byte) {
	if m, err := decode(payload); err == nil && m.kind == kindKnown && m.name == n.Name {
		d.c.reminded(m)
	}
	d.c.update(func(b *book, now time.Time) { b.seen(n.Name, now) })
}

// GetBroadcasts hands our news to the gossip.
func (d delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.c.queue.GetBroadcasts(overhead, limit)
}

// NotifyMsg takes a message of ours.
func (d delegate) NotifyMsg(b []byte) {
	if len(b) > maxEncoded {
		return
	}
	if m, err := decode(b); err == nil {
		d.c.receive(m)
	}
}

// LocalState and MergeRemoteState exchange the lives of all members whenever
// the engine exchanges everything it knows.
func (d delegate) LocalState(bool) []byte {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	return d.c.book.summary()
}

// MergeRemoteState is LocalState on the other side.
func (d delegate) MergeRemoteState(b []byte, _ bool) {
	d.c.mergeSummary(b)
}
