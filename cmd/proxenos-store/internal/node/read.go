package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

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
			if !hasValue(found.newest) {
				n.Misses.Add(1)
			}
			return found.newest.Value, hasValue(found.newest), nil
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
func (n *Node) read(ctx context.Context, key string) (*replies, error) {
	p := n.current()
	if p.natural.Len() == 0 {
		return nil, fmt.Errorf("%w: no node serves yet", ErrUnavailable)
	}
	r := &replies{}
	lists := []*preferenceList{p.preferenceList(p.natural, key)}
	settling := n.settling(p)
	if settling {
		lists = append(lists, p.preferenceList(p.pending, key))
		for old := range n.view.Previous() {
			lists = append(lists, old.preferenceList(old.natural, key))
		}
	}
	for i, l := range lists {
		l.call(l.quorum(), func(name string) error { return n.fetch(ctx, r, name, key) })
		if got := len(r.by); i == 0 && got < l.quorum() && r.newest.Clock == 0 {
			return nil, r.unavailable(got, l.quorum())
		}
	}
	if err := n.checkAhead(ctx, r); err != nil {
		return nil, err
	}
	if settling && !hasValue(r.newest) {
		parallel(append(n.others(p), n.cfg.Self), func(name string) { _ = n.fetch(ctx, r, name, key) })
	}
	if r.newest.Clock == 0 && !slices.ContainsFunc(p.owners(key), r.has) {
		return nil, fmt.Errorf("%w: no owner of the key: %w", ErrUnavailable, cmp.Or(r.failed, errNoReplica))
	}
	n.readRepair(p, r)
	return r, nil
}

// fetch reads from one node, unless that has replied already. It ignores a version that
// is too far ahead, which may have replaced the newest one, and returns an error: the next
// node may have that.
func (n *Node) fetch(ctx context.Context, r *replies, name, key string) error {
	if r.has(name) {
		return nil
	}
	entries, err := n.fetchFrom(ctx, name, key)
	var e kv.Entry
	if len(entries) > 0 && entries[0].Key == key {
		e = entries[0]
	}
	if n.clock.IsAhead(e.Clock) {
		n.Ahead.Add(1)
		n.checkClock(name, n.clock.Observe(e.Clock))
		r.ahead.Store(e.Clock)
		r.add(name, kv.Entry{}, nil)
		return kv.ErrAhead
	}
	r.add(name, e, err)
	return err
}

// checkAhead returns an error if a version is too far ahead, unless the clocks of half
// of the other nodes agree with that of this node. The version is then of a write that
// they refused, and the reader ignores it. Otherwise the clock of this node is wrong.
func (n *Node) checkAhead(ctx context.Context, r *replies) error {
	ahead := r.ahead.Load()
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

// hasValue reports whether an entry is neither missing nor a tombstone.
func hasValue(e kv.Entry) bool { return e.Clock != 0 && !e.Deleted }

// readRepair has the newest version sent to the owners that responded with an older one
// or none. It does not delay the reader.
func (n *Node) readRepair(p *placement, r *replies) {
	if r.newest.Clock == 0 {
		return
	}
	for _, name := range p.owners(r.newest.Key) {
		if version, ok := r.by[name]; ok && version != r.newest.Timestamp {
			n.hints.add(name, r.newest)
			n.ReadRepairs.Add(1)
		}
	}
}
