package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Members returns the names of the members, sorted.
func (n *Node) Members() []string {
	var names []string
	for _, m := range n.known.Load().members {
		names = append(names, m.Name)
	}
	return names
}

// Standing is a member and its share of all keys, from 0 to 1: those of which it
// is the first replica.
type Standing struct {
	Member
	Share float64
}

// Standings returns the members, sorted by name.
func (n *Node) Standings() []Standing {
	p := n.known.Load()
	shares := map[string]float64{}
	for m, share := range p.now.Shares() {
		shares[m.Name] = share
	}
	list := make([]Standing, len(p.members))
	for i, m := range p.members {
		list[i] = Standing{m, shares[m.Name]}
	}
	return list
}

// Self returns the name of this node.
func (n *Node) Self() string { return n.cfg.Self }

// Replicas returns how many nodes keep each key.
func (n *Node) Replicas() int { return n.cfg.Replicas }

// State returns how this node stands.
func (n *Node) State() State { return n.known.Load().state(n.cfg.Self) }

// Owners returns the replicas of a key, the first one first.
func (n *Node) Owners(key string) []string {
	p := n.known.Load()
	return p.names(nil, p.now, key, p.replicas)
}

// Count returns how many keys this node holds. It reads all of them.
func (n *Node) Count() (int, error) { return kv.Count(n.cfg.Engine) }

// Keys returns the keys of a bucket, wherever they are, sorted. Fewer members than
// there are replicas may fail to answer: what these have others have too.
func (n *Node) Keys(ctx context.Context, bucket int) ([]string, error) {
	newest := map[string]kv.Stamp{}
	var mu sync.Mutex
	failed, members := 0, n.Members()
	var group sync.WaitGroup
	for _, name := range members {
		group.Go(func() {
			err := n.call(ctx, name, func(ctx context.Context, peer Peer) error {
				stamps, err := peer.Held(ctx, bucket, "")
				mu.Lock()
				defer mu.Unlock()
				for _, s := range stamps {
					if old, ok := newest[s.Key]; !ok || s.Newer(old) {
						newest[s.Key] = s
					}
				}
				return err
			})
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed++
			}
		})
	}
	group.Wait()
	if failed >= min(n.cfg.Replicas, len(members)) {
		return nil, fmt.Errorf("%w: %d of %d", ErrUnavailable, len(members)-failed, len(members))
	}
	maps.DeleteFunc(newest, func(_ string, s kv.Stamp) bool { return s.Deleted })
	return slices.Sorted(maps.Keys(newest)), nil
}
