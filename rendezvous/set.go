package rendezvous

import (
	"iter"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Set is a set of nodes that own keys. It is immutable and safe for concurrent
// use. The zero value and a nil *Set hold no nodes.
type Set[N any] struct {
	cfg     Config[N]
	all     *nodeset.Set[N]
	live    []N       // the nodes that are not drained, by ascending ID
	places  []int32   // places[i] is the index of live[i] in all
	seeds   []uint64  // parallel to live; nil with a Scorer
	weights []float64 // parallel to live, times weightScale; nil if all are equal
	inverse []float64 // parallel to weights: 1/w
	hash    func(string) uint64
	hashAll func([]uint64, []string)          // hash of many keys; nil calls hash for each
	keyHash func(string) uint64               // of the part of a key that cfg.Key returns
	fill    func(scores []uint64, key string) // returned by the Scorer; nil without one
	scratch sync.Pool                         // of *scratch
	sum     uint64
}

// New builds a set of the nodes, in any order. No nodes, or only drained ones,
// make a set that selects none. The error is [ErrNoID] if cfg.ID is nil, a
// [*NodeError] for a node that cannot be placed, or that of the Scorer. New
// takes time and memory proportional to the number of nodes, beyond sorting
// them, and copies the slice.
func New[N any](nodes []N, cfg Config[N]) (*Set[N], error) {
	all, err := nodeset.New(nodes, cfg.ID, cfg.Weight)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, cfg, nil)
}

// Of builds a set of strings that are their own IDs and have equal weights.
func Of(ids ...string) (*Set[string], error) {
	return New(ids, Config[string]{ID: func(id string) string { return id }})
}

// Build is New for nodes that have an ID and a weight of their own, as those of
// package mapper do. It has the signature that mapper.Follow takes.
func Build[N interface {
	ID() string
	Capacity() float64
}](nodes []N) (*Set[N], error) {
	return New(nodes, Config[N]{ID: N.ID, Weight: N.Capacity})
}

// BuildWith returns a function like [Build] that places nodes by a configuration. ID
// and Weight are by default those of the nodes. Each set copies what it has in common
// with the one before, as [Set.Over] does. The function is safe for concurrent use.
func BuildWith[N interface {
	ID() string
	Capacity() float64
}](cfg Config[N]) func([]N) (*Set[N], error) {
	if cfg.ID == nil {
		cfg.ID = N.ID
	}
	if cfg.Weight == nil {
		cfg.Weight = N.Capacity
	}
	var last atomic.Pointer[Set[N]]
	return func(nodes []N) (*Set[N], error) {
		before := last.Load()
		if before == nil {
			before = &Set[N]{cfg: cfg}
		}
		s, err := before.Over(nodes)
		if err == nil {
			last.Store(s)
		}
		return s, err
	}
}

// BuildTable is [BuildWith] for tables of 2^bits slots. Each table copies the owners of
// the slots that stay, as [Table.Over] does.
func BuildTable[N interface {
	ID() string
	Capacity() float64
}](cfg Config[N], bits int) func([]N) (*Table[N], error) {
	build := BuildWith(cfg)
	var last atomic.Pointer[Table[N]]
	return func(nodes []N) (*Table[N], error) {
		s, err := build(nodes)
		if err != nil {
			return nil, err
		}
		var t *Table[N]
		if before := last.Load(); before == nil {
			t, err = s.Table(bits)
		} else {
			t, err = before.edited(s, nil)
		}
		if err == nil {
			last.Store(t)
		}
		return t, err
	}
}

// build makes the set of all nodes. It copies the seeds of those that old has.
func build[N any](all *nodeset.Set[N], cfg Config[N], old *Set[N]) (*Set[N], error) {
	if cfg.HashAll != nil && !nodeset.SameHash(cfg.Hash, cfg.HashAll) {
		return nil, ErrHashAll
	}
	s := &Set[N]{cfg: cfg, all: all, hash: cfg.Hash, hashAll: cfg.HashAll}
	if s.hash == nil {
		s.hash, s.hashAll = prf.SipHash.Func(prf.Options{}), prf.SipHash.FuncAll(prf.Options{})
	}
	s.keyHash = s.hash
	if cut, hash := cfg.Key, s.hash; cut != nil {
		s.keyHash = func(key string) uint64 { return hash(cut(key)) }
	}
	ids := s.admit()
	if cfg.Scorer == nil {
		s.seed(ids, old)
	} else if err := s.score(ids); err != nil {
		return nil, err
	}
	s.scratch.New = s.newScratch
	s.sum = s.checksum()
	return s, nil
}

// admit collects the nodes that are not drained and returns their IDs.
func (s *Set[N]) admit() (ids []string) {
	equal := true
	for i, w := range s.all.Weights {
		if w == 0 {
			continue
		}
		ids = append(ids, s.all.IDs[i])
		s.live = append(s.live, s.all.Nodes[i])
		s.places = append(s.places, int32(i))
		s.weights = append(s.weights, w*weightScale)
		equal = equal && w*weightScale == s.weights[0]
	}
	if equal {
		s.weights = nil
	}
	s.inverse = inverses(s.weights)
	return ids
}

// seed computes the seeds of the nodes, or copies those that old has. Both sets
// are sorted by ID.
func (s *Set[N]) seed(ids []string, old *Set[N]) {
	s.seeds = make([]uint64, len(ids))
	next := 0
	for i, id := range ids {
		for next < old.choices() && old.liveID(next) < id {
			next++
		}
		if next < old.choices() && old.liveID(next) == id {
			s.seeds[i] = old.seeds[next]
		} else {
			s.seeds[i] = seedOf(id, s.hash)
		}
	}
}

// score calls the Scorer.
func (s *Set[N]) score(ids []string) (err error) {
	if s.fill, err = s.cfg.Scorer(ids); err == nil && s.fill == nil {
		err = ErrNoScore
	}
	return err
}

// choices returns the number of nodes that are not drained.
func (s *Set[N]) choices() int {
	if s == nil {
		return 0
	}
	return len(s.live)
}

// liveID returns the ID of live[i].
func (s *Set[N]) liveID(i int) string { return s.all.IDs[s.places[i]] }

// nodes returns all nodes, none for a nil or zero Set.
func (s *Set[N]) nodes() *nodeset.Set[N] {
	if s == nil || s.all == nil {
		return new(nodeset.Set[N])
	}
	return s.all
}

// Len returns the number of nodes, drained ones included.
func (s *Set[N]) Len() int { return s.nodes().Len() }

// All yields every node by ascending ID, drained ones included.
func (s *Set[N]) All() iter.Seq[N] { return slices.Values(s.nodes().Nodes) }

// Node returns the node with the given ID, drained or not, or false if there is
// none. It takes time logarithmic in the number of nodes.
func (s *Set[N]) Node(id string) (n N, ok bool) {
	all := s.nodes()
	if i, found := all.Find(id); found {
		return all.Nodes[i], true
	}
	return n, false
}

// Weight returns the weight of the node with the given ID, 0 if it is drained,
// or false if there is no such node. It takes time logarithmic in the number of
// nodes.
func (s *Set[N]) Weight(id string) (w float64, ok bool) {
	all := s.nodes()
	if i, found := all.Find(id); found {
		return all.Weights[i], true
	}
	return 0, false
}

// Select returns the node that owns the key, or false if the set has no node
// that is not drained. It takes time proportional to the number of nodes and
// does not allocate. The key may hold any bytes.
func (s *Set[N]) Select(key string) (n N, ok bool) {
	if s.choices() == 0 {
		return n, false
	}
	if s.fill == nil {
		return s.live[s.bestOfHash(s.keyHash(key))], true
	}
	return s.live[s.best(s.query(key))], true
}

// best returns the index in live of the node that owns the key.
func (s *Set[N]) best(q query) int {
	if s.fill != nil {
		return s.bestFilled(q.key)
	}
	return s.bestOfHash(q.hash)
}

// bestOfHash is best for a hashed key, without a Scorer.
func (s *Set[N]) bestOfHash(h uint64) int {
	x := expand(h)
	switch {
	case s.weights != nil:
		return x.bestWeighted(s.seeds, s.weights)
	case len(s.seeds) < narrow: // saves a call
		at, _ := x.bestOf(s.seeds)
		return at
	}
	return x.best(s.seeds)
}

// candidate returns the node at i with its raw score and, if weights differ,
// its weighted one.
func (s *Set[N]) candidate(i int, raw uint64) candidate {
	c := candidate{raw: raw, index: int32(i)}
	if s.weights != nil {
		c.value = weigh(raw, s.weights[i])
	}
	return c
}

// Checksum identifies the placement: two sets with one checksum give every key to
// the node with the same ID. It depends on the IDs, the weights, the hash with
// its key and seed, the scorer and Config.Key, but not on the order of the nodes.
// Functions are distinguished by their results for the IDs and some hundred fixed
// keys, which show whether one lower-cases, trims, truncates or otherwise changes keys
// before it hashes them. Under a hash with a key or a seed, and in a Scorer, they
// do not show a change that keeps different keys different, such as swapping two
// characters. The key of a hash cannot be computed from the checksum. It is 0 for
// a nil or zero Set.
func (s *Set[N]) Checksum() uint64 {
	if s == nil {
		return 0
	}
	return s.sum
}

func (s *Set[N]) checksum() uint64 {
	sum := nodeset.NewChecksum("rendezvous v1")
	for _, probe := range nodeset.BasicKeys() {
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
	if s.cfg.Hash != nil {
		sum.Hash(s.hash, s.all.IDs)
	}
	if s.fill != nil && len(s.live) > 0 {
		sum.Scorer(s.foldScores, len(s.live))
	}
	if s.cfg.Key != nil {
		sum.Key(s.cfg.Key)
	}
	return sum.Sum()
}

// foldScores reduces the scores of all nodes to 64 bits.
func (s *Set[N]) foldScores(key string) (fold uint64) {
	work := s.borrow()
	defer s.giveBack(work)
	s.fill(work.scores, key)
	for _, raw := range work.scores {
		fold = prf.Finalize(fold ^ raw)
	}
	return fold
}
