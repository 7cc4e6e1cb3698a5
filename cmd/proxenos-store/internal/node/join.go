package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// join copies the keys that this node will own, and then serves. The order matters:
//
//  1. The members learn that this node joins, and write to it from then on.
//  2. Once all of them know, it copies the keys that it will own.
//  3. It announces that it serves, and is read from.
//  4. The former owners drop those keys once no node reads them there (see repair).
func (n *Node) join(ctx context.Context) error {
	if err := n.cfg.Cluster.SetState(ctx, StateJoining); err != nil {
		return err
	}
	first := n.cfg.First
	if !first {
		var err error
		if first, err = n.awaitMembers(ctx); err != nil {
			return err
		}
	}
	if !first {
		if n.hidden.Load() {
			if err := n.discard(); err != nil {
				return err
			}
		}
		if err := n.awaitState(ctx, StateJoining); err != nil {
			return err
		}
		if err := n.bootstrap(ctx); err != nil {
			return err
		}
	}
	n.hidden.Store(false)
	ahead, err := n.scanClocks()
	if err == nil {
		_, err = n.setAside(ctx, ahead)
	}
	if err != nil {
		return err
	}
	if err := n.cfg.Cluster.SetState(ctx, StateServing); err != nil {
		return err
	}
	return n.awaitState(ctx, StateServing)
}

// pollInterval is the time between two looks at the progress of other nodes.
const pollInterval = 20 * time.Millisecond

// awaitMembers waits until this node knows another member, and one that serves. If
// all members are joining, as after a restart of all nodes, the first one by name
// serves once the membership has settled; readers then also read from the others. It
// reports whether that is this node.
func (n *Node) awaitMembers(ctx context.Context) (first bool, err error) {
	for began := time.Now(); ; {
		p := n.current()
		if len(n.others(p)) == 0 {
			if n.cfg.Alone && time.Since(began) > n.cfg.Settle {
				n.cfg.Log.Warn("found no other member; this node starts to serve alone")
				return true, nil
			}
		} else {
			if p.natural.Len() > 0 {
				return false, nil
			}
			if time.Since(p.since) > n.cfg.Settle/5 {
				n.hidden.Store(false) // the whole cluster was away: its data is all there is
			}
			if p.members[0].Name == n.cfg.Self && time.Since(p.since) > n.cfg.Settle {
				n.cfg.Log.Warn("no member serves; this node starts to")
				return true, nil
			}
		}
		if err := sleep(ctx, pollInterval); err != nil {
			return false, fmt.Errorf("found no serving node of the cluster: %w", err)
		}
	}
}

// awaitState waits until every member knows the state of this node or has left.
// It does not call a member again that has confirmed the state: when two dozen
// nodes join at once, such calls would be most of the load.
func (n *Node) awaitState(ctx context.Context, state State) error {
	confirmed := map[string]bool{}
	for wait := pollInterval; ; wait = min(2*wait, 10*pollInterval) {
		waiting := false
		p := n.current()
		for _, m := range p.members {
			if !confirmed[m.Name] {
				view, err := n.viewOf(ctx, m.Name)
				confirmed[m.Name] = err == nil && view.States[n.cfg.Self] == state
				waiting = waiting || !confirmed[m.Name]
			}
		}
		if !waiting && n.current() == p {
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// bootstrap copies the keys that this node will own from the other members.
func (n *Node) bootstrap(ctx context.Context) error {
	began, before := time.Now(), n.Received.Load()
	logged := false
	for wait := pollInterval; ; wait = min(2*wait, 50*pollInterval) {
		p := n.current()
		err := n.copyFromAll(ctx, p)
		switch {
		case err == nil && len(n.current().members) >= len(p.members):
			n.cfg.Log.Info("copied keys from other nodes", "entries", n.Received.Load()-before, "duration", time.Since(began).Round(time.Millisecond))
			return nil
		case err != nil && !logged:
			logged = true
			n.cfg.Log.Warn("copying keys from other nodes failed; retrying", "err", err)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// copyFromAll copies the buckets that differ from all other members at the same time.
func (n *Node) copyFromAll(ctx context.Context, p *placement) error {
	r := newRepairRound(n, p)
	r.compare(ctx)
	parallel(n.others(p), func(name string) {
		for bucket, different := range r.different[name] {
			if !different {
				continue
			}
			theirs, err := n.versionsOf(ctx, name, bucket, n.cfg.Self)
			if err == nil {
				err = n.transfer(ctx, name, n.cfg.Self, bucket, theirs)
			}
			if err != nil {
				r.fail(name, err)
				return
			}
		}
	})
	maps.DeleteFunc(r.failed, func(name string, _ error) bool {
		return name != n.cfg.Self && n.current().state(name) == "" // it has left, and had handed its keys over
	})
	return r.err()
}

// LeaveTime bounds how long a leaving node hands its keys over.
const LeaveTime = time.Minute

// leave hands the keys of this node over and leaves. It mirrors join: the members
// learn that this node leaves and no longer count on it; once all of them know,
// it pushes the keys that they lack; then it is gone. Until then it is read from.
func (n *Node) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, LeaveTime)
	defer cancel()
	err := n.cfg.Cluster.SetState(ctx, StateLeaving)
	if err == nil {
		err = n.awaitState(ctx, StateLeaving)
	}
	if err == nil {
		err = n.handOver(ctx)
	}
	n.view.Close() // without members, no key has an owner
	return errors.Join(err, n.cfg.Cluster.Leave(ctx))
}

// handOver pushes to the other owners until they lack nothing.
func (n *Node) handOver(ctx context.Context) error {
	began := time.Now()
	for {
		p := n.current()
		if p.pending.Len() == 0 {
			n.cfg.Log.Warn("no other node to hand keys over to")
			return nil
		}
		err := n.repair(ctx, true)
		if err == nil && n.current() == p {
			n.cfg.Log.Info("handed keys over", "duration", time.Since(began).Round(time.Millisecond))
			return nil
		}
		if errors.Is(err, kv.ErrAhead) {
			return err // trying again does not help
		}
		if err := errors.Join(err, sleep(ctx, pollInterval)); ctx.Err() != nil {
			return err
		}
	}
}
