package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// The methods here answer other nodes, from what this node itself knows.

// View returns how the members stand as this node sees it.
func (n *Node) View(context.Context) (map[string]State, error) {
	view := map[string]State{}
	for _, m := range n.known.Load().members {
		view[m.Name] = m.State
	}
	return view, nil
}

// Keep keeps what is newer than what this node has.
func (n *Node) Keep(_ context.Context, entries []kv.Entry) error {
	kept := entries[:0:0]
	for _, e := range entries {
		if err := checkSize(e.Key, e.Value); err != nil {
			return err
		}
		if err := n.clock.Observe(e.Clock); err != nil {
			return err
		}
		if !n.forgotten(e.Stamp) {
			kept = append(kept, e)
		}
	}
	if err := n.cfg.Engine.Merge(kept); err != nil {
		n.complain(err)
		return diskError(err)
	}
	n.Taken.Add(int64(len(kept)))
	return nil
}

// complain logs that nothing can be written, once a second at most: writers try
// again and again.
func (n *Node) complain(err error) {
	now, last := time.Now().UnixNano(), n.complained.Load()
	if now-last > int64(time.Second) && n.complained.CompareAndSwap(last, now) {
		n.cfg.Log.Error("cannot keep what was written; nothing is acknowledged", "err", err)
	}
}

// diskError says why a disk takes nothing, without the path, which is nobody
// else's business.
func diskError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%w: %w", ErrDisk, err)
}

// forgotten reports whether a stamp is the trace of a key deleted long ago.
func (n *Node) forgotten(s kv.Stamp) bool {
	return s.Deleted && time.Since(kv.Time(s.Clock)) > n.cfg.Forget
}

// Fetch returns what this node holds of the keys.
func (n *Node) Fetch(_ context.Context, keys []string) ([]kv.Entry, error) {
	entries := make([]kv.Entry, 0, len(keys))
	for _, key := range keys {
		e, ok, err := n.cfg.Engine.Get(key)
		if err != nil {
			return nil, err
		}
		if ok {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// Offer returns the indices of what this node lacks or has older ones of.
func (n *Node) Offer(_ context.Context, stamps []kv.Stamp) ([]int, error) {
	var wanted []int
	for i, s := range stamps {
		e, ok, err := n.cfg.Engine.Get(s.Key)
		if err != nil {
			return nil, err
		}
		if !ok && !n.forgotten(s) || ok && s.Newer(e.Stamp) {
			wanted = append(wanted, i)
		}
	}
	return wanted, nil
}

// Held returns what this node holds in a bucket that the owner should have.
func (n *Node) Held(_ context.Context, bucket int, owner string) ([]kv.Stamp, error) {
	p := n.known.Load()
	var stamps []kv.Stamp
	err := n.cfg.Engine.Scan(bucket, func(s kv.Stamp) bool {
		if owner == "" || slices.Contains(p.owners(s.Key), owner) {
			stamps = append(stamps, s)
		}
		return true
	})
	return stamps, err
}

// Sums returns one sum for each bucket of what both this node and the other
// should have.
func (n *Node) Sums(_ context.Context, other string) ([]uint64, error) {
	all, err := n.sums(n.known.Load())
	if err != nil || all[other] == nil {
		return make([]uint64, kv.Buckets), err // nothing is shared with a stranger
	}
	return all[other][:], nil
}

var _ Peer = (*Node)(nil)
