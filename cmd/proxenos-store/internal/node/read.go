package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Get returns the value of a key; ok is false if there is none. It reads from
// every replica, returns the newest version, and starts a read repair of the
// owners that lack it.
func (n *Node) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	n.Reads.Add(1)
	for {
		found, err := n.read(ctx, key)
		if err == nil {
			if !found.hasValue() {
				n.Misses.Add(1)
			}
			return found.newest.Value, found.hasValue(), nil
		}
		if errors.Is(err, kv.ErrAhead) || sleep(ctx, retryRequest) != nil {
			n.Failures.Add(1)
			return nil, false, err
		}
	}
}

// read reads from the replicas once. Nodes that stand in for the owners of a key cannot
// know that it is missing if no owner answers. While a change of membership settles it
// reads from the old and the new replicas, and from every member before it
// reports a key as missing.
func (n *Node) read(ctx context.Context, key string) (*responses, error) {
	p := n.current()
	if p.natural.Len() == 0 {
		return nil, fmt.Errorf("%w: no node serves yet", ErrUnavailable)
	}
	r := &responses{}
	lists := []*preferenceList{p.preferenceList(p.natural, key)}
	settling := n.settling(p)
	if settling {
		lists = append(lists, p.preferenceList(p.pending, key))
		if old := p.previous; old != nil {
			lists = append(lists, old.preferenceList(old.natural, key))
		}
	}
	for i, l := range lists {
		got := l.call(l.quorum(), func(name string) error { return n.fetch(ctx, r, name, key) })
		if i == 0 && got < l.quorum() && r.newest.Clock == 0 {
			return nil, fmt.Errorf("%w: %d of %d: %w", ErrUnavailable, got, l.quorum(), cmp.Or(r.failed, errNoReplica))
		}
	}
	if err := n.checkAhead(ctx, r); err != nil {
		return nil, err
	}
	if settling && !r.hasValue() {
		n.fetchFromAll(ctx, r, p, key)
	}
	if r.newest.Clock == 0 && !slices.ContainsFunc(p.owners(key), r.has) {
		return nil, fmt.Errorf("%w: no owner of the key: %w", ErrUnavailable, cmp.Or(r.failed, errNoReplica))
	}
	n.readRepair(p, r)
	return r, nil
}

// fetch reads from one node, unless that has responded already.
func (n *Node) fetch(ctx context.Context, r *responses, name, key string) error {
	if r.has(name) {
		return nil
	}
	entries, err := n.fetchFrom(ctx, name, key)
	if err != nil {
		r.fail(err)
		return err
	}
	r.add(name, key, n.withoutAhead(r, name, entries))
	return nil
}

// withoutAhead returns the entries of a node whose versions are not too far ahead.
func (n *Node) withoutAhead(r *responses, name string, entries []kv.Entry) []kv.Entry {
	return slices.DeleteFunc(entries, func(e kv.Entry) bool {
		if !n.clock.IsAhead(e.Clock) {
			return false
		}
		n.Ahead.Add(1)
		err := n.clock.Observe(e.Clock)
		n.checkClock(name, err)
		r.addAhead(e.Clock)
		return true
	})
}

// checkAhead returns an error if a version is too far ahead, unless the clocks of half
// of the other nodes agree with that of this node. The version is then of a write that
// they refused, and the reader ignores it. Otherwise the clock of this node is wrong.
func (n *Node) checkAhead(ctx context.Context, r *responses) error {
	r.mu.Lock()
	ahead := r.ahead
	r.mu.Unlock()
	if ahead == 0 {
		return nil
	}
	agree, others := n.compareClocks(ctx)
	err := n.clock.Observe(ahead)
	switch {
	case err == nil:
		return fmt.Errorf("%w: the clock was set meanwhile", ErrUnavailable)
	case 2*agree >= others:
		return nil
	default:
		return err
	}
}

func (n *Node) fetchFromAll(ctx context.Context, r *responses, p *placement, key string) {
	var group sync.WaitGroup
	for _, m := range p.members {
		group.Go(func() { _ = n.fetch(ctx, r, m.Name, key) })
	}
	group.Wait()
}

// readRepair has the newest version sent to the owners that responded with an older one
// or none. It does not delay the reader.
func (n *Node) readRepair(p *placement, r *responses) {
	if r.newest.Clock == 0 {
		return
	}
	for _, name := range p.owners(r.newest.Key) {
		if r.isStale(name) {
			n.hints.add(name, r.newest)
			n.ReadRepairs.Add(1)
		}
	}
}

// responses collects what nodes returned for one key.
type responses struct {
	mu     sync.Mutex
	newest kv.Entry
	by     map[string]kv.Timestamp
	ahead  uint64 // the greatest reading of an entry that was ignored
	failed error  // of the last call that failed
}

func (r *responses) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = err
}

func (r *responses) addAhead(reading uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ahead = max(r.ahead, reading)
}

func (r *responses) has(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.by[name]
	return ok
}

func (r *responses) add(name, key string, entries []kv.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[string]kv.Timestamp{}
	}
	r.by[name] = kv.Timestamp{}
	for _, e := range entries {
		if e.Key != key {
			continue
		}
		r.by[name] = e.Timestamp
		if e.Newer(r.newest.Version) {
			r.newest = e
		}
	}
}

// hasValue reports whether the newest version is neither missing nor a tombstone.
func (r *responses) hasValue() bool { return r.newest.Clock != 0 && !r.newest.Deleted }

// isStale reports whether a node responded without the newest version.
func (r *responses) isStale(name string) bool {
	t, ok := r.by[name]
	return ok && t != r.newest.Timestamp
}
