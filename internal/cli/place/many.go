package place

import (
	"slices"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/slots"
)

// many is a ranking that finds the owners of many keys at once. It returns the zero
// value for a key without an owner, which is the index of a node here.
type many interface {
	SelectAll(dst []int, keys []string) []int
	SelectAllHashes(dst []int, hashes []uint64) []int
	HashAll(sums []uint64, keys []string)
}

// manyOf returns the ranking as one of many keys if each of them has an owner.
func manyOf(r Ranking) (many, bool) {
	r = bare(r)
	m, ok := r.(many)
	if _, gaps := r.(*slots.Map[int]); !ok || gaps {
		return nil, false
	}
	_, owned := r.Select("")
	return m, owned
}

// bare returns the ranking of a placement, which has more methods than the interface
// that the placement embeds.
func bare(r Ranking) Ranking {
	if p, ok := r.(*Placement); ok {
		return p.Ranking
	}
	return r
}

// SelectAll appends the owner of every key to dst, or -1 for a key without one.
func SelectAll(dst []int, r Ranking, keys []string) []int {
	if m, ok := manyOf(r); ok {
		return m.SelectAll(dst, keys)
	}
	for _, key := range keys {
		i, ok := r.Select(key)
		if !ok {
			i = -1
		}
		dst = append(dst, i)
	}
	return dst
}

// SelectNAll appends the first n nodes of every key to dst. It reports false, and
// appends nothing, for a ranking that has no such lookup.
func SelectNAll(dst []int, r Ranking, keys []string, n int) ([]int, bool) {
	m, ok := bare(r).(interface {
		SelectNAll(dst []int, keys []string, n int) []int
	})
	if !ok {
		return dst, false
	}
	return m.SelectNAll(dst, keys, n), true
}

// Pair finds the owners of keys in two placements. It is used by one goroutine.
type Pair struct {
	before, after     *Placement
	older, newer      many // nil unless the placements share their hash of keys
	owners, newOwners []int
	hashes            []uint64
}

// NewPair returns a pair.
func NewPair(before, after *Placement) *Pair {
	p := &Pair{before: before, after: after}
	older, ok := manyOf(before.Ranking)
	newer, also := manyOf(after.Ranking)
	if ok && also && before.hash != (hashID{}) && before.hash == after.hash {
		p.older, p.newer = older, newer
	}
	return p
}

// Select returns the owners of every key before and after, -1 for one without. It
// hashes each key once if both sides have the same hash. The results are valid until
// the next call.
func (p *Pair) Select(keys []string) (before, after []int) {
	if p.older == nil {
		p.owners = SelectAll(p.owners[:0], p.before, keys)
		p.newOwners = SelectAll(p.newOwners[:0], p.after, keys)
		return p.owners, p.newOwners
	}
	p.hashes = slices.Grow(p.hashes[:0], len(keys))[:len(keys)]
	p.older.HashAll(p.hashes, keys)
	p.owners = p.older.SelectAllHashes(p.owners[:0], p.hashes)
	p.newOwners = p.newer.SelectAllHashes(p.newOwners[:0], p.hashes)
	return p.owners, p.newOwners
}

// hashID identifies the hash of keys of a placement before its finalizer: equal ones
// hash alike. The zero value identifies none.
type hashID struct {
	named  bool
	method prf.Method
	seed   int32
	x86    bool
	key    [16]byte
	tag    string
}

// hashID returns the identity of the hash that --hash-method selects, or none for a
// ranking with a hash of its own.
func (o *Flags) hashID(r Ranking) hashID {
	if o.algorithm.ownHash || o.algorithm.scored {
		return hashID{}
	}
	switch r.(type) {
	case *rendezvous.Set[int], *rendezvous.Table[int], *slots.Partitions[int], *ring.Ring[int]:
	default:
		return hashID{}
	}
	id := hashID{named: true, method: o.Method, seed: o.environment.Seed, x86: o.environment.X86, key: prf.DefaultKey(), tag: o.hashTag}
	if o.environment.Key != nil {
		id.key = *o.environment.Key
	}
	if id.tag == noTag {
		id.tag = ""
	}
	return id
}
