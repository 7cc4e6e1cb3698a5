package ring

import "iter"

// SelectN appends to dst the n nodes that come first for the key, each once, in
// the order of the circle: the owner, then the one that would own the key
// without it, and so on. It appends fewer if fewer have a point. The answer for
// n is the beginning of that for n+1. It allocates nothing if dst has room, up
// to 65,536 nodes.
func (r *Ring[N]) SelectN(dst []N, key string, n int) []N {
	n = min(n, r.owners)
	if n <= 0 {
		return dst
	}
	from := r.circle.find(r.land(key))
	if n <= few {
		return r.appendFew(dst, from, n)
	}
	return r.appendMany(dst, from, n)
}

// few is how many nodes are told apart by comparing each with all, which is
// faster than a set and needs less memory.
const few = 16

func (r *Ring[N]) appendFew(dst []N, i, n int) []N {
	var picked [few]uint32
	for found := 0; ; i = r.circle.next(i) {
		owner := r.circle.owner(i)
		if contains(picked[:found], owner) {
			continue
		}
		picked[found] = owner
		dst = append(dst, r.r.Nodes[owner])
		if found++; found == n {
			return dst
		}
	}
}

func contains(owners []uint32, owner uint32) bool {
	for _, o := range owners {
		if o == owner {
			return true
		}
	}
	return false
}

func (r *Ring[N]) appendMany(dst []N, i, n int) []N {
	var room [(ownerMask + 1) / 64]uint64
	seen := bitset(room[:])
	if r.Len() > ownerMask+1 {
		seen = newBitset(r.Len())
	}
	for ; n > 0; i = r.circle.next(i) {
		if owner := r.circle.owner(i); seen.add(owner) {
			dst = append(dst, r.r.Nodes[owner])
			n--
		}
	}
	return dst
}

// Rank yields the nodes in the order of SelectN, each when it is asked for. It
// yields those that have a point, so neither the drained ones nor those whose
// capacity earned them none.
func (r *Ring[N]) Rank(key string) iter.Seq[N] {
	return func(yield func(N) bool) {
		if r.circle == nil {
			return
		}
		i := r.circle.find(r.land(key))
		owner := r.circle.owner(i)
		if !yield(r.r.Nodes[owner]) {
			return
		}
		seen := newBitset(r.Len())
		seen.add(owner)
		for found := 1; found < r.owners; {
			i = r.circle.next(i)
			if owner = r.circle.owner(i); !seen.add(owner) {
				continue
			}
			if found++; !yield(r.r.Nodes[owner]) {
				return
			}
		}
	}
}

// bitset is a set of owners.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// add puts an owner into the set and tells whether it was not there before.
func (b bitset) add(owner uint32) bool {
	bit := uint64(1) << (owner % 64)
	fresh := b[owner/64]&bit == 0
	b[owner/64] |= bit
	return fresh
}
