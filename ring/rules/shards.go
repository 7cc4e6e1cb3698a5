package rules

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// Errors of [Shards].
var (
	// ErrNoID reports a configuration without an ID function.
	ErrNoID = nodeset.ErrNoID
	// ErrNoRanking reports a missing ranking.
	ErrNoRanking = errors.New("no ranking")
	// ErrShard reports a shard that has no nodes, or more than the ranking.
	ErrShard = errors.New("the size of a shard must be from 1 to the number of nodes")
	// ErrReplicas reports replicas that are none, or more than there are nodes for.
	ErrReplicas = errors.New("the number of replicas must be from 1 to the number of nodes")
)

// ShardsConfig configures [Shards].
type ShardsConfig[N any] struct {
	// ID returns the ID of a node. It is required; IDs must be non-empty and distinct.
	ID func(N) string
	// Zone returns the zone of a node. Nodes without one ("") share a zone. Nil puts
	// all nodes into one zone.
	Zone func(N) string
}

// Shards gives each tenant a few of the nodes of a ranking: shuffle sharding. Two
// tenants share some of their nodes and rarely all, so a tenant that overloads its
// nodes leaves most of the others a part of theirs. It is immutable, and safe for
// concurrent use if the ranking is.
//
// A shard of n nodes holds the best node of every zone in the ranking of the tenant,
// then the second best of every zone, and so on, up to n. A node that joins takes the
// place of at most one node of a shard, and a node that leaves gives its place to one.
// A larger shard of a tenant begins with the smaller one.
//
// The nodes of a tenant's key are the nodes of its shard in the ranking of the key.
// For a program that looks up many keys of a tenant, a rendezvous.Set or ring.Ring of
// the shard's nodes has the same ranking at a lower cost.
type Shards[N any] struct {
	ranking Ranking[N]
	best    interface { // the ranking, if it has SelectN
		SelectN(dst []N, key string, n int) []N
	}
	id      func(N) string
	nodes   *nodeset.Set[N]
	zones   []int32   // by node
	count   int       // of zones
	scratch sync.Pool // of *shardScratch[N]
}

// shardScratch is memory that lookups reuse.
type shardScratch[N any] struct {
	ranked []N
	order  []int32 // indices of nodes, best first
	rounds []int32 // parallel to order: how many nodes of its zone are better
	taken  []int32 // by zone
	member []bool  // by node, all false between uses
}

// NewShards returns the shards over a ranking. The error wraps [ErrNoID] or
// [ErrNoRanking], or names a node that has no ID or that of another.
func NewShards[N any](ranking Ranking[N], cfg ShardsConfig[N]) (*Shards[N], error) {
	if ranking == nil {
		return nil, ErrNoRanking
	}
	nodes, err := nodeset.New(slices.Collect(ranking.Rank("")), cfg.ID, nil)
	if err != nil {
		return nil, err
	}
	s := &Shards[N]{ranking: ranking, id: cfg.ID, nodes: nodes, zones: make([]int32, nodes.Len())}
	s.best, _ = ranking.(interface {
		SelectN(dst []N, key string, n int) []N
	})
	known := map[string]int32{}
	for i, n := range nodes.Nodes {
		name := ""
		if cfg.Zone != nil {
			name = cfg.Zone(n)
		}
		zone, ok := known[name]
		if !ok {
			zone = int32(len(known))
			known[name] = zone
		}
		s.zones[i] = zone
	}
	s.count = len(known)
	s.scratch.New = func() any {
		return &shardScratch[N]{taken: make([]int32, s.count), member: make([]bool, nodes.Len())}
	}
	return s, nil
}

// Len returns the number of nodes of the ranking.
func (s *Shards[N]) Len() int { return s.nodes.Len() }

// Shard appends the n nodes of a tenant to dst, best first, and returns the extended
// slice. The error wraps [ErrShard] unless n is from 1 to Len. It takes the time of a
// ranking, and allocates only to extend dst if the ranking has SelectN.
func (s *Shards[N]) Shard(dst []N, tenant string, n int) ([]N, error) {
	if err := s.check(tenant, n); err != nil {
		return dst, err
	}
	w := s.scratch.Get().(*shardScratch[N])
	defer s.scratch.Put(w)
	s.rank(w, tenant)
	dst = slices.Grow(dst, n)
	for _, i := range s.spread(w, n) {
		dst = append(dst, s.nodes.Nodes[i])
	}
	return dst, nil
}

// SelectN appends the first nodes for a key of the tenant to dst, as many as replicas,
// all of its shard of n nodes, and returns the extended slice. The first is the best of
// the shard in the ranking of the key; the replicas are in as many zones as the shard
// allows. The error wraps [ErrShard], or [ErrReplicas] unless replicas is from 1 to n.
// It takes the time of two rankings, and allocates as Shard does.
func (s *Shards[N]) SelectN(dst []N, tenant string, n int, key string, replicas int) ([]N, error) {
	if err := s.check(tenant, n); err != nil {
		return dst, err
	}
	if replicas < 1 || replicas > n {
		return dst, fmt.Errorf("tenant %q: %d replicas in a shard of %d nodes: %w", tenant, replicas, n, ErrReplicas)
	}
	w := s.scratch.Get().(*shardScratch[N])
	defer s.scratch.Put(w)
	s.rank(w, tenant)
	for _, i := range s.spread(w, n) {
		w.member[i] = true
	}
	s.rank(w, key)
	kept := w.order[:0]
	for _, i := range w.order {
		if w.member[i] {
			kept = append(kept, i)
		}
	}
	w.order = kept
	for _, i := range w.order {
		w.member[i] = false
	}
	dst = slices.Grow(dst, replicas)
	for _, i := range s.spread(w, replicas) {
		dst = append(dst, s.nodes.Nodes[i])
	}
	return dst, nil
}

// LookBack appends the nodes of the tenant's shard to dst, and then those that its
// shards of n nodes had in earlier values, each once: where its data may be. The
// earlier values, newest first, may be those that a view kept for a duration. Values
// of fewer than n nodes count with all that they have.
func (s *Shards[N]) LookBack(dst []N, tenant string, n int, earlier iter.Seq[*Shards[N]]) ([]N, error) {
	start := len(dst)
	dst, err := s.Shard(dst, tenant, n)
	if err != nil {
		return dst, err
	}
	for before := range earlier {
		if before.Len() == 0 {
			continue
		}
		nodes, err := before.Shard(nil, tenant, min(n, before.Len()))
		if err != nil {
			return dst, err
		}
		for _, node := range nodes {
			id := s.id(node)
			if !slices.ContainsFunc(dst[start:], func(o N) bool { return s.id(o) == id }) {
				dst = append(dst, node)
			}
		}
	}
	return dst, nil
}

func (s *Shards[N]) check(tenant string, n int) error {
	if n < 1 || n > s.Len() {
		return fmt.Errorf("tenant %q: a shard of %d of %d nodes: %w", tenant, n, s.Len(), ErrShard)
	}
	return nil
}

// rank sets the order of all nodes for a key.
func (s *Shards[N]) rank(w *shardScratch[N], key string) {
	w.ranked = w.ranked[:0]
	if s.best != nil {
		w.ranked = s.best.SelectN(w.ranked, key, s.Len())
	} else {
		w.ranked = slices.AppendSeq(w.ranked, s.ranking.Rank(key))
	}
	w.order = w.order[:0]
	for _, n := range w.ranked {
		if i, ok := s.nodes.Find(s.id(n)); ok {
			w.order = append(w.order, int32(i))
		}
	}
}

// spread moves n nodes to the front of the order and returns them: the best of every
// zone, the second best, and so on.
func (s *Shards[N]) spread(w *shardScratch[N], n int) []int32 {
	clear(w.taken)
	w.rounds = w.rounds[:0]
	for _, i := range w.order {
		zone := s.zones[i]
		w.rounds = append(w.rounds, w.taken[zone])
		w.taken[zone]++
	}
	for at, round := 0, int32(0); at < min(n, len(w.order)); round++ {
		for i := at; i < len(w.order) && at < n; i++ {
			if w.rounds[i] != round {
				continue
			}
			node := w.order[i]
			copy(w.order[at+1:i+1], w.order[at:i])
			copy(w.rounds[at+1:i+1], w.rounds[at:i])
			w.order[at], w.rounds[at] = node, round
			at++
		}
	}
	return w.order[:min(n, len(w.order))]
}
