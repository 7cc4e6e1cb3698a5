package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Members returns the members, sorted by name.
func (n *Node) Members() []Member { return slices.Clone(n.current().members) }

// Owners returns the replicas of a key, the first one first.
func (n *Node) Owners(key string) []string {
	p := n.current()
	return p.appendReplicas(nil, p.natural, key, p.replicas)
}

// Count returns how many keys this node stores. It scans all of them.
func (n *Node) Count() (int, error) { return kv.Count(n.cfg.Engine) }

// Keys returns the keys of a bucket at all nodes, sorted: a page of those after a key.
// The list is complete as long as fewer members than there are replicas fail to
// answer; otherwise it returns ErrUnavailable.
func (n *Node) Keys(ctx context.Context, bucket int, after string) (page []string, err error) {
	newest := map[string]kv.Version{}
	var mu sync.Mutex
	failed, members := 0, append(n.others(n.current()), n.cfg.Self)
	parallel(members, func(name string) {
		versions, err := n.versionsOf(ctx, name, bucket, "")
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed++
		}
		for _, v := range versions {
			if v.Newer(newest[v.Key]) {
				newest[v.Key] = v
			}
		}
	})
	if failed >= min(n.cfg.Replicas, len(members)) {
		return nil, fmt.Errorf("%w: %d of %d", ErrUnavailable, len(members)-failed, len(members))
	}
	maps.DeleteFunc(newest, func(key string, v kv.Version) bool { return v.Deleted || after != "" && key <= after })
	var meter pageMeter
	for _, key := range slices.Sorted(maps.Keys(newest)) {
		if page = append(page, key); meter.add(key) {
			break
		}
	}
	return page, nil
}
