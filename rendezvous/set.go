package rendezvous

import (
	"iter"
	"math"
	"slices"
	"sync"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Set is a set of nodes that own keys. It is immutable and safe for any number
// of goroutines; to change the nodes, build another.
type Set[N any] struct {
	all     *nodeset.Set[N]
	live    []N       // the nodes that can be chosen, by ascending ID
	places  []int32   // places[i] is the place of live[i] in all
	seeds   []uint64  // parallel to live; nil under a Scorer
	weights []float64 // parallel to live; nil if all are equal
	hash    func(string) uint64
	fill    func(scores []uint64, key string) // the Scorer's; nil without one
	scratch sync.Pool                         // of *scratch
	sum     uint64
}

// New builds a set of the nodes that cfg describes. The order of the nodes
// does not matter, and no nodes are a set that has nobody to choose. It
// returns ErrNoID if cfg.ID is nil, a *NodeError for a node that cannot be
// placed, and the error of a Scorer. It takes time and memory proportional to
// the number of nodes, and keeps a copy of the slice.
func New[N any](nodes []N, cfg Config[N]) (*Set[N], error) {
	all, err := nodeset.New(nodes, cfg.ID, cfg.Weight)
	if err != nil {
		return nil, nodeError(err)
	}
	s := &Set[N]{all: all, hash: cfg.Hash}
	if s.hash == nil {
		s.hash = prf.SipHash.Func(prf.Options{})
	}
	ids := s.admit()
	if cfg.Scorer != nil {
		if s.fill, err = cfg.Scorer(ids); err != nil {
			return nil, err
		}
		if s.fill == nil {
			return nil, ErrNoScore
		}
	} else {
		s.seed(ids)
	}
	s.scratch.New = s.newScratch
	s.sum = s.checksum()
	return s, nil
}

// Of builds a set of strings that name themselves and have equal weights.
func Of(ids ...string) (*Set[string], error) {
	return New(ids, Config[string]{ID: func(id string) string { return id }})
}

// Build builds a set of nodes that name and weigh themselves, as those of
// package mapper do: it is New with their methods. As it takes nothing else, it
// is what mapper.Follow builds with.
func Build[N interface {
	ID() string
	Capacity() float64
}](nodes []N) (*Set[N], error) {
	return New(nodes, Config[N]{ID: N.ID, Weight: N.Capacity})
}

// admit separates the nodes that can be chosen from the drained ones, and
// returns their IDs.
func (s *Set[N]) admit() (ids []string) {
	equal := true
	for i, w := range s.all.Weights {
		if w == 0 {
			continue
		}
		ids = append(ids, s.all.IDs[i])
		s.live = append(s.live, s.all.Nodes[i])
		s.places = append(s.places, int32(i))
		s.weights = append(s.weights, w)
		equal = equal && w == s.weights[0]
	}
	if equal {
		s.weights = nil
	}
	return ids
}

func (s *Set[N]) seed(ids []string) {
	s.seeds = make([]uint64, len(ids))
	for i, id := range ids {
		s.seeds[i] = seedOf(id, s.hash)
	}
}

// Len returns the number of nodes, the drained ones included.
func (s *Set[N]) Len() int { return len(s.all.Nodes) }

// All yields every node by ascending ID, the drained ones included.
func (s *Set[N]) All() iter.Seq[N] { return slices.Values(s.all.Nodes) }

// Select returns the node that owns the key, or false if there is nobody to
// choose. It takes time proportional to the number of nodes and allocates
// nothing. The key may hold any bytes.
func (s *Set[N]) Select(key string) (n N, ok bool) {
	if len(s.live) == 0 {
		return n, false
	}
	return s.live[s.best(key)], true
}

// best returns the place in live of the node that owns the key.
func (s *Set[N]) best(key string) int {
	if s.fill != nil {
		return s.bestFilled(key)
	}
	x := expand(s.hash(key))
	if s.weights == nil {
		return x.best(s.seeds)
	}
	return x.bestWeighted(s.seeds, s.weights)
}

// candidate weighs the raw score of the node at i.
func (s *Set[N]) candidate(i int, raw uint64) candidate {
	c := candidate{raw: raw, index: int32(i)}
	if s.weights != nil {
		c.value = weigh(raw, s.weights[i])
	}
	return c
}

// Checksum identifies the placement: two sets with one checksum give every key
// the same owner. It depends on the IDs, the weights, the hash with its key
// and seed, and the scorer, but not on the order of the nodes. The hash
// function is told apart by what it answers for fixed inputs; its key cannot
// be read from the checksum.
func (s *Set[N]) Checksum() uint64 { return s.sum }

func (s *Set[N]) checksum() uint64 {
	sum := nodeset.NewChecksum("rendezvous v1")
	for _, probe := range []string{"", "proxenos", "placement is a promise"} {
		sum.Uint64(s.hash(probe))
		if s.fill != nil && len(s.live) > 0 {
			scores := make([]uint64, len(s.live))
			s.fill(scores, probe)
			for _, raw := range scores {
				sum.Uint64(raw)
			}
		}
	}
	for i, id := range s.all.IDs {
		sum.String(id)
		sum.Uint64(math.Float64bits(s.all.Weights[i]))
	}
	return sum.Sum()
}
