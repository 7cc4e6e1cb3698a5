package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// join takes this node's keys over and then serves. The order matters:
//
//  1. the others learn that this node joins, and write to it from then on
//  2. when all of them know, it copies what they have that is to be its own
//  3. it says that it serves, and is read from
//  4. the others delete what is no longer theirs, when nobody can look for it
//     there any more (see repair)
func (n *Node) join(ctx context.Context) error {
	if err := n.cfg.Cluster.SetState(ctx, Joining); err != nil {
		return err
	}
	if !n.cfg.Found {
		if err := n.awaitCompany(ctx); err != nil {
			return err
		}
		if err := n.awaitSeen(ctx, Joining); err != nil {
			return err
		}
		if err := n.takeOver(ctx); err != nil {
			return err
		}
	}
	if err := n.cfg.Cluster.SetState(ctx, Serving); err != nil {
		return err
	}
	return n.awaitSeen(ctx, Serving)
}

// pause is the time between two looks at how far others are.
const pause = 20 * time.Millisecond

// awaitCompany waits until this node knows the members it joined and how each of
// them stands.
func (n *Node) awaitCompany(ctx context.Context) error {
	for {
		p := n.known.Load()
		if len(n.others(p)) > 0 && p.now.Len() > 0 {
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("no node of the cluster that serves was found: %w", err)
		}
	}
}

// awaitSeen waits until every member knows that this one is in the state, or is
// no member any more. Who has said so is not asked again: when two dozen join
// at once, the questions would be most of the work.
func (n *Node) awaitSeen(ctx context.Context, state State) error {
	seen := map[string]bool{}
	for wait := pause; ; wait = min(2*wait, 10*pause) {
		waiting := false
		p := n.known.Load()
		for _, m := range p.members {
			if !seen[m.Name] {
				seen[m.Name] = n.isSeen(ctx, m.Name, state)
				waiting = waiting || !seen[m.Name]
			}
		}
		if !waiting && n.known.Load() == p {
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// isSeen asks one member whether it knows that this one is in the state.
func (n *Node) isSeen(ctx context.Context, by string, state State) bool {
	var view map[string]State
	err := n.call(ctx, by, func(ctx context.Context, peer Peer) (err error) {
		view, err = peer.View(ctx)
		return err
	})
	return err == nil && view[n.cfg.Self] == state
}

// takeOver copies what the other members have that is to be this node's.
func (n *Node) takeOver(ctx context.Context) error {
	began, before := time.Now(), n.Taken.Load()
	for {
		p := n.known.Load()
		err := n.copyAll(ctx, p)
		switch {
		case err == nil && len(n.known.Load().members) >= len(p.members):
			n.cfg.Log.Info("took keys over", "entries", n.Taken.Load()-before, "in", time.Since(began).Round(time.Millisecond))
			return nil
		case err != nil:
			n.cfg.Log.Warn("taking keys over is incomplete and begins again", "err", err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// copyAll copies from every other member that has something to copy.
func (n *Node) copyAll(ctx context.Context, p *placement) error {
	mine, err := n.sums(p)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var failed error
	var group sync.WaitGroup
	for _, name := range n.others(p) {
		group.Go(func() {
			err := n.copyFrom(ctx, name, mine[name])
			mu.Lock()
			defer mu.Unlock()
			if n.known.Load().state(name) != "" { // else it is gone, and others have what it had
				failed = errors.Join(failed, err)
			}
		})
	}
	group.Wait()
	return failed
}

// copyFrom copies the buckets of a node whose sums are not those of this one.
func (n *Node) copyFrom(ctx context.Context, name string, mine *[kv.Buckets]uint64) error {
	var theirs []uint64
	err := n.callLonger(ctx, name, func(ctx context.Context, peer Peer) (err error) {
		theirs, err = peer.Sums(ctx, n.cfg.Self)
		return err
	})
	if err != nil || len(theirs) != kv.Buckets {
		return cmp.Or(err, errSums)
	}
	for bucket := range kv.Buckets {
		if theirs[bucket] == mine[bucket] {
			continue
		}
		var stamps []kv.Stamp
		err := n.callLonger(ctx, name, func(ctx context.Context, peer Peer) (err error) {
			stamps, err = peer.Held(ctx, bucket, n.cfg.Self)
			return err
		})
		if err == nil {
			err = n.copyEntries(ctx, name, stamps)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fetchSize is how many entries are fetched in one call.
const fetchSize = 256

// copyEntries fetches those that this node lacks, a few at a time: each may be as
// large as an entry can be.
func (n *Node) copyEntries(ctx context.Context, name string, stamps []kv.Stamp) error {
	wanted, err := n.Offer(ctx, stamps)
	if err != nil {
		return err
	}
	for len(wanted) > 0 {
		size := min(len(wanted), fetchSize)
		keys := make([]string, size)
		for i, at := range wanted[:size] {
			keys[i] = stamps[at].Key
		}
		wanted = wanted[size:]
		err := n.call(ctx, name, func(ctx context.Context, peer Peer) error {
			entries, err := peer.Fetch(ctx, keys)
			if err != nil {
				return err
			}
			return n.Keep(ctx, entries)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
