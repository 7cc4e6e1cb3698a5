package slots

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring/rules"
)

var (
	// ErrBound reports a bound below 1, or one that is not a finite number.
	ErrBound = errors.New("the bound must be a number of at least 1, or 0 for none")
	// ErrPartitions reports a number of partitions that is not from 1 to MaxSlots.
	ErrPartitions = errors.New("the number of partitions must be from 1 to 16777216")
	// ErrHashAll reports a HashAll that differs from Hash, or has none beside it.
	ErrHashAll = nodeset.ErrHashAll
	// ErrNoRanking reports a missing ranking.
	ErrNoRanking = errors.New("no ranking")
)

// PartitionsConfig configures [Partitions].
type PartitionsConfig[N any] struct {
	// ID returns the ID of a node. It is required; IDs must be those of the ranking.
	ID func(N) string
	// Weight returns the weight of a node, from 0 to 1e200. Nil takes the weights of
	// the ranking if it has a method Weight or Capacity that returns one by ID, as
	// sets and rings do, and otherwise 1.
	Weight func(N) float64
	// Partitions is the number of partitions, from 1 to MaxSlots. It is required.
	// Changing it moves most keys.
	Partitions int
	// Bound is the greatest number of partitions of a node, relative to its share by
	// weight: 1.1 allows a tenth more, and 1 is as even as whole partitions can be.
	// 0 sets no bound. Bound and weights count as the decimal numbers that they are
	// printed as: 1.1 times 30 is 33.
	Bound float64
	// Hash hashes keys. Nil takes SipHash with the published key, as package
	// rendezvous does.
	Hash func(key string) uint64
	// HashAll hashes many keys at once, for SelectAll and its like: it sets sums[i] to
	// Hash(keys[i]). Nil calls Hash for each key, or is that of the default hash.
	HashAll func(sums []uint64, keys []string)
	// Key returns the part of a key that decides its partition, such as the hash tag
	// of package prf. Nil is the whole key. Key must be safe for concurrent use and
	// must not keep the string. Checksum calls it with fixed keys of any length. The
	// ranking should have none, as it would apply to the numbers of partitions.
	Key func(string) string
}

// Partitions assigns n partitions to the nodes of a ranking so that no node has more
// than its bound. It is immutable and safe for concurrent use if the ranking is. The
// zero value and a nil *Partitions have no partitions.
//
// A key belongs to the partition that is its hash modulo n. A partition ranks the
// nodes as a key that is its number in decimal does. In ascending order, each
// partition goes to the first node of its ranking that has room, which is one with
// fewer partitions than
//
//	ceil(Bound * n * weight / total weight)
//
// These limits add up to n or more, so every partition has a node.
//
// The bound has a price: when nodes change, partitions move that would not move
// without it, because a limit changes or a node gets room. Without a bound, only the
// partitions move that the ranking moves.
type Partitions[N any] struct {
	cfg     PartitionsConfig[N]
	ranking rules.Ranking[N]
	nodes   *nodeset.Set[N] // those that the ranking yields
	owners  []int32         // by partition, indices in nodes or none
	held    []int32         // by node, the number of its partitions
	limits  []int32         // by node
	unowned int             // partitions without an owner
	hash    func(string) uint64
	hashAll func([]uint64, []string) // hash of many keys; nil calls hash for each
	keyHash func(string) uint64      // of the part of a key that cfg.Key returns
	digits  string                   // the numbers of all partitions in decimal, joined
}

// NewPartitions assigns the partitions. The error is a [*NodeError] for a node that
// cannot be placed, or wraps [ErrNoID], [ErrNoRanking], [ErrPartitions], [ErrBound] or
// [ErrHashAll]. A ranking without nodes makes partitions without owners.
//
// It takes the time of one lookup for each partition, and of a few more for each
// that its first node has no room for.
func NewPartitions[N any](ranking rules.Ranking[N], cfg PartitionsConfig[N]) (*Partitions[N], error) {
	switch {
	case ranking == nil:
		return nil, ErrNoRanking
	case cfg.Partitions < 1 || cfg.Partitions > MaxSlots:
		return nil, fmt.Errorf("%d partitions: %w", cfg.Partitions, ErrPartitions)
	case cfg.Bound != 0 && !(cfg.Bound >= 1) || math.IsInf(cfg.Bound, 0): // NaN too
		return nil, fmt.Errorf("bound %v: %w", cfg.Bound, ErrBound)
	case cfg.HashAll != nil && !nodeset.SameHash(cfg.Hash, cfg.HashAll):
		return nil, ErrHashAll
	}
	nodes, err := nodeset.New(slices.Collect(ranking.Rank("0")), cfg.ID, weightsOf(ranking, cfg))
	if err != nil {
		return nil, nodeError(err)
	}
	p := &Partitions[N]{cfg: cfg, ranking: ranking, nodes: nodes, hash: cfg.Hash, hashAll: cfg.HashAll}
	if p.hash == nil {
		p.hash, p.hashAll = prf.SipHash.Func(prf.Options{}), prf.SipHash.FuncAll(prf.Options{})
	}
	p.keyHash = cutting(cfg.Key, p.hash)
	p.limits = limits(nodes.Weights, cfg.Partitions, cfg.Bound)
	p.held = make([]int32, nodes.Len())
	p.owners = make([]int32, cfg.Partitions)
	p.digits = numbers(cfg.Partitions)
	p.assign()
	return p, nil
}

// Over returns the partitions of the same configuration over another ranking, such
// as one with a node more. Errors and cost are those of [NewPartitions].
func (p *Partitions[N]) Over(ranking rules.Ranking[N]) (*Partitions[N], error) {
	if p == nil {
		return nil, ErrNoID
	}
	return NewPartitions(ranking, p.cfg)
}

// weightsOf returns the function that gives nodes of the ranking their weights, or
// nil if all have the same.
func weightsOf[N any](ranking rules.Ranking[N], cfg PartitionsConfig[N]) func(N) float64 {
	if cfg.Weight != nil || cfg.ID == nil {
		return cfg.Weight
	}
	var of func(id string) (float64, bool)
	switch own := ranking.(type) {
	case interface{ Weight(string) (float64, bool) }:
		of = own.Weight
	case interface{ Capacity(string) (float64, bool) }:
		of = own.Capacity
	default:
		return nil
	}
	return func(n N) float64 {
		if w, ok := of(cfg.ID(n)); ok {
			return w
		}
		return 1 // the IDs are not those of the ranking
	}
}

// limits returns ceil(bound*n*weight/total) for each weight, exactly.
func limits(weights []float64, n int, bound float64) []int32 {
	most := make([]int32, len(weights))
	total := new(big.Rat)
	for _, w := range weights {
		total.Add(total, decimal(w))
	}
	unit := new(big.Rat) // bound*n/total
	if total.Sign() > 0 {
		unit.Quo(unit.Mul(decimal(bound), big.NewRat(int64(n), 1)), total)
	}
	known := map[float64]int32{0: 0}
	for i, w := range weights {
		limit, ok := known[w]
		if !ok {
			limit = int32(n)
			if bound != 0 {
				limit = int32(min(ceil(new(big.Rat).Mul(unit, decimal(w))), int64(n)))
			}
			known[w] = limit
		}
		most[i] = limit
	}
	return most
}

// decimal returns the shortest decimal number that rounds to x.
func decimal(x float64) *big.Rat {
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64)) // x is finite
	return r
}

// ceil returns the smallest integer that is not below r, or the greatest int64.
func ceil(r *big.Rat) int64 {
	q := new(big.Int).Add(r.Num(), r.Denom())
	q.Sub(q, big.NewInt(1)).Quo(q, r.Denom())
	if !q.IsInt64() {
		return math.MaxInt64
	}
	return q.Int64()
}

// assign gives every partition its owner, in ascending order.
func (p *Partitions[N]) assign() {
	first, others := p.first(), p.others()
	p.unowned = len(p.owners)
	for i := range p.owners {
		p.owners[i] = none
		key := p.key(i)
		if at, ok := first(key); !ok || p.take(i, at) {
			continue
		}
		for at := range others(key) {
			if p.take(i, at) {
				break
			}
		}
	}
}

// numbers returns the decimal numbers below n, joined.
func numbers(n int) string {
	var all []byte
	for i := range n {
		all = strconv.AppendInt(all, int64(i), 10)
	}
	return string(all)
}

// key returns the number of a partition in decimal, as a part of digits.
func (p *Partitions[N]) key(partition int) string {
	start, first, next, length := 0, 0, 10, 1
	for partition >= next {
		start += (next - first) * length
		first, next, length = next, 10*next, length+1
	}
	start += (partition - first) * length
	return p.digits[start : start+length]
}

// take gives the node a partition if it has room.
func (p *Partitions[N]) take(partition, node int) bool {
	if p.held[node] >= p.limits[node] {
		return false
	}
	p.held[node]++
	p.unowned--
	p.owners[partition] = int32(node)
	return true
}

// first returns the function that finds the index of the best node for a key.
func (p *Partitions[N]) first() func(key string) (int, bool) {
	if s, ok := p.ranking.(interface{ Select(string) (N, bool) }); ok {
		return func(key string) (int, bool) {
			n, ok := s.Select(key)
			if !ok {
				return 0, false
			}
			return p.index(n)
		}
	}
	return func(key string) (int, bool) {
		for n := range p.ranking.Rank(key) {
			return p.index(n)
		}
		return 0, false
	}
}

// others returns the function that yields the indices of the nodes for a key. It
// finds the first ones at a lower cost if the ranking has SelectN.
func (p *Partitions[N]) others() func(key string) iter.Seq[int] {
	s, ok := p.ranking.(interface {
		SelectN(dst []N, key string, n int) []N
	})
	var best []N
	return func(key string) iter.Seq[int] {
		return func(yield func(int) bool) {
			tried := 0
			for n := 4; ok && n <= 8; n *= 2 {
				best = s.SelectN(best[:0], key, n)
				for _, node := range best[min(tried, len(best)):] {
					if at, found := p.index(node); found && !yield(at) {
						return
					}
				}
				tried = len(best)
			}
			for node := range p.ranking.Rank(key) {
				if tried--; tried >= 0 {
					continue
				}
				if at, found := p.index(node); found && !yield(at) {
					return
				}
			}
		}
	}
}

func (p *Partitions[N]) index(n N) (int, bool) { return p.nodes.Find(p.cfg.ID(n)) }
