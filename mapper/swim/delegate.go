package swim

import (
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// delegate receives the calls of memberlist. memberlist calls under its locks,
// so nothing here calls it back or waits; such work is queued.
type delegate struct{ c *Cluster }

// NodeMeta returns what the member announces about itself.
func (d delegate) NodeMeta(limit int) []byte {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	return d.c.table.NodeMeta().Encode(limit)
}

// NotifyAlive runs before memberlist accepts or changes a member. It also shows
// a member that started again what the process before announced.
func (d delegate) NotifyAlive(n *memberlist.Node) error {
	meta, err := members.DecodeNodeMeta(n.Meta)
	if err != nil {
		return fmt.Errorf("%q at %s is %w: %w", n.Name, n.Address(), ErrForeign, err)
	}
	d.c.update(func(t *members.Table, now time.Time) {
		if n.Name == d.c.cfg.Name {
			t.Supersede(meta, now)
		} else {
			err = t.Admit(n.Name)
		}
	})
	return err
}

// NotifyJoin notes a member that is up.
func (d delegate) NotifyJoin(n *memberlist.Node) {
	meta, err := members.DecodeNodeMeta(n.Meta)
	if err != nil {
		return // NotifyAlive refused it
	}
	fresh := false
	d.c.update(func(t *members.Table, now time.Time) { fresh = t.Joined(tableNode(n), meta, now) })
	if fresh {
		wake(d.c.grown)
	}
	wake(d.c.missing)
}

// NotifyUpdate notes the new node meta of a member.
func (d delegate) NotifyUpdate(n *memberlist.Node) {
	meta, err := members.DecodeNodeMeta(n.Meta)
	if err != nil {
		return
	}
	d.c.update(func(t *members.Table, now time.Time) { t.Updated(tableNode(n), meta, now) })
	wake(d.c.missing)
}

// NotifyLeave notes a member that failed or left. If it was not suspect, its
// leave message may have been lost here, and another member may have it.
func (d delegate) NotifyLeave(n *memberlist.Node) {
	sudden := false
	d.c.update(func(t *members.Table, now time.Time) { sudden = t.Gone(n.Name, now) })
	if sudden {
		wake(d.c.unsettled)
	}
}

// NotifyMerge runs with the members that a peer knows, before memberlist accepts
// those that are alive. memberlist ignores the others, which the table takes
// over.
func (d delegate) NotifyMerge(nodes []*memberlist.Node) error {
	d.c.update(func(t *members.Table, now time.Time) {
		for _, n := range nodes {
			meta, err := members.DecodeNodeMeta(n.Meta)
			switch {
			case err != nil:
			case n.Name == d.c.cfg.Name:
				t.Supersede(meta, now)
			case n.State != memberlist.StateAlive && d.c.allowed(n.Addr) == nil:
				until := now.Add(d.c.timing.longestSuspicion(t.Len() + 1))
				t.Unconfirmed(tableNode(n), tableStatus(n.State), meta, until, now)
			}
		}
	})
	wake(d.c.missing)
	return nil
}

func tableStatus(s memberlist.NodeStateType) members.Status {
	switch s {
	case memberlist.StateSuspect:
		return members.Suspect
	case memberlist.StateLeft:
		return members.Left
	case memberlist.StateAlive:
		return members.Online
	default:
		return members.Offline
	}
}

// AckPayload returns a digest: a probe brings what was lost.
func (d delegate) AckPayload() []byte { return d.c.digest().Encode() }

// NotifyPingComplete notes that a member acked a ping of memberlist.
func (d delegate) NotifyPingComplete(n *memberlist.Node, _ time.Duration, payload []byte) {
	if m, err := members.Decode(payload); err == nil && m.Kind == members.KindDigest && m.Name == n.Name {
		d.c.receive(m)
	}
	d.c.update(func(t *members.Table, now time.Time) { t.Answered(n.Name, now) })
}

// GetBroadcasts hands messages to the gossip.
func (d delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.c.queue.GetBroadcasts(overhead, limit)
}

// NotifyMsg receives a message of this package.
func (d delegate) NotifyMsg(b []byte) {
	if m, err := members.Decode(b); err == nil {
		d.c.receive(m)
	}
}

// LocalState returns the summary that goes along with a push-pull.
func (d delegate) LocalState(bool) []byte {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	return d.c.table.Summary()
}

// MergeRemoteState receives the summary of another member.
func (d delegate) MergeRemoteState(b []byte, _ bool) {
	var refutations []members.Message
	d.c.update(func(t *members.Table, now time.Time) { refutations = t.Merge(b, now) })
	for _, m := range refutations {
		d.c.broadcast(m)
	}
}

// NotifyConflict notes that another address claims the name of this member.
func (d delegate) NotifyConflict(existing, other *memberlist.Node) {
	if existing.Name != d.c.cfg.Name {
		return
	}
	n := tableNode(other)
	d.c.mu.Lock()
	d.c.namesake = &n
	d.c.mu.Unlock()
}
