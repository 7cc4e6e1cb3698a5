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

// View implements [Peer].
func (n *Node) View(context.Context) (View, error) {
	v := View{Clock: n.cfg.Now(), States: map[string]State{}}
	for _, m := range n.current().members {
		v.States[m.Name] = m.State
	}
	return v, nil
}

// Keep implements [Peer]. It does not store an expired tombstone, and returns a version
// with the time of this node for it.
func (n *Node) Keep(ctx context.Context, entries []kv.Entry) (newer []kv.Version, err error) {
	live := entries[:0:0]
	var expired []kv.Version
	for _, e := range entries {
		if err := checkSize(e.Key, e.Value); err != nil {
			return nil, err
		}
		err := n.clock.Observe(e.Clock)
		n.checkClock(e.Writer, err)
		if err != nil {
			return nil, err
		}
		if n.expired(e.Version) {
			expired = append(expired, kv.Version{Key: e.Key, Timestamp: kv.Timestamp{Clock: n.clock.Tick(), Writer: n.cfg.Self}})
			continue
		}
		live = append(live, e)
	}
	newer, err = n.merge(ctx, live)
	if err != nil {
		n.logDiskFailure(err)
		return nil, diskError(err)
	}
	n.Received.Add(int64(len(live)))
	return append(newer, expired...), nil
}

// merge merges entries into the engine. It sets aside entries that are newer only
// because they are too far ahead.
func (n *Node) merge(ctx context.Context, entries []kv.Entry) (newer []kv.Version, err error) {
	for {
		newer, err = n.cfg.Engine.Merge(entries)
		var ahead []kv.Version
		for _, v := range newer {
			if n.clock.IsAhead(v.Clock) {
				ahead = append(ahead, v)
			}
		}
		if err != nil || len(ahead) == 0 {
			return newer, err
		}
		if done, err := n.setAside(ctx, ahead); err != nil || !done {
			return newer, err
		}
	}
}

// logDiskFailure logs at most once per second, as writers retry.
func (n *Node) logDiskFailure(err error) {
	now, last := time.Now().UnixNano(), n.diskLogged.Load()
	if now-last > int64(time.Second) && n.diskLogged.CompareAndSwap(last, now) {
		n.cfg.Log.Error("cannot use the data; requests are refused", "err", err)
	}
}

// diskError returns the cause without the path, which peers need not know.
func diskError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%w: %w", ErrDisk, err)
}

// expired reports whether a version is a tombstone older than Config.TombstoneTTL.
func (n *Node) expired(v kv.Version) bool {
	return v.Deleted && n.cfg.Now().Sub(kv.Time(v.Clock)) > n.cfg.TombstoneTTL
}

// Fetch implements [Peer].
func (n *Node) Fetch(_ context.Context, keys []string) ([]kv.Entry, error) {
	var entries []kv.Entry
	if n.hidden.Load() {
		return nil, nil
	}
	size := 0
	for _, key := range keys {
		e, ok, err := n.cfg.Engine.Get(key)
		if err != nil {
			n.logDiskFailure(err)
			return nil, diskError(err)
		}
		if !ok {
			continue
		}
		entries = append(entries, e)
		if size += e.Size(); size > pageSize {
			break
		}
	}
	return entries, nil
}

// Versions implements [Peer].
func (n *Node) Versions(_ context.Context, bucket int, owner, after string) ([]kv.Version, error) {
	if n.hidden.Load() {
		return nil, nil
	}
	p := n.current()
	var versions []kv.Version
	var page pageMeter
	err := n.cfg.Engine.Scan(bucket, func(v kv.Version) bool {
		if after != "" && v.Key <= after || owner != "" && !slices.Contains(p.owners(v.Key), owner) {
			return true
		}
		versions = append(versions, v)
		return !page.add(v.Key)
	})
	return versions, err
}

// Digests implements [Peer].
func (n *Node) Digests(_ context.Context, other string) ([]uint64, error) {
	all, err := n.digests(n.current())
	if err != nil || all[other] == nil {
		return make([]uint64, kv.Buckets), err // nothing is shared with an unknown node
	}
	return all[other][:], nil
}
