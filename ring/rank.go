package ring

import (
	"iter"
	"slices"
)

// SelectN appends the n nodes that come first for the key to dst, in the order
// of the circle and each once: the owner, then the node that would own the key
// without the owner, and so on. It returns the extended slice. It appends fewer
// if fewer nodes have a point. The result for n is a prefix of that for n+1. It
// allocates at most once, to grow dst, for rings of up to 65,536 nodes. Reads of a
// hot key may be spread over its first n nodes, if each write goes to all of them.
func (r *Ring[N]) SelectN(dst []N, key string, n int) []N {
	n = min(n, r.owners())
	if n <= 0 {
		return dst
	}
	dst = slices.Grow(dst, n)
	return r.appendFrom(dst, r.circle.locate(r.keyPosition(key)), n)
}

// appendFrom appends n nodes from a point on, of which there are as many.
func (r *Ring[N]) appendFrom(dst []N, i, n int) []N {
	if n <= few {
		return r.appendFew(dst, i, n)
	}
	return r.appendMany(dst, i, n)
}

// few is the greatest number of nodes for which comparing each with all is
// faster than a bit set.
const few = 16

func (r *Ring[N]) appendFew(dst []N, i, n int) []N {
	var picked [few]uint32
	for found := 0; ; i = r.circle.next(i) {
		owner := r.circle.owner(i)
		if contains(picked[:found], owner) {
			continue
		}
		picked[found] = owner
		dst = append(dst, r.all.Nodes[owner])
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
			dst = append(dst, r.all.Nodes[owner])
			n--
		}
	}
	return dst
}

// Owns reports whether the node with the given ID is among the first n nodes for
// the key, which are those that SelectN returns. It takes as long as SelectN and
// does not allocate, for rings of up to 65,536 nodes.
func (r *Ring[N]) Owns(key, id string, n int) bool {
	at, ok := r.nodes().Find(id)
	n = min(n, r.owners())
	if !ok || n <= 0 {
		return false
	}
	from := r.circle.locate(r.keyPosition(key))
	if n <= few {
		return r.ownsFew(from, n, uint32(at))
	}
	return r.ownsMany(from, n, uint32(at))
}

func (r *Ring[N]) ownsFew(i, n int, want uint32) bool {
	var picked [few]uint32
	for found := 0; found < n; i = r.circle.next(i) {
		owner := r.circle.owner(i)
		if owner == want {
			return true
		}
		if !contains(picked[:found], owner) {
			picked[found] = owner
			found++
		}
	}
	return false
}

func (r *Ring[N]) ownsMany(i, n int, want uint32) bool {
	var room [(ownerMask + 1) / 64]uint64
	seen := bitset(room[:])
	if r.Len() > ownerMask+1 {
		seen = newBitset(r.Len())
	}
	for ; n > 0; i = r.circle.next(i) {
		owner := r.circle.owner(i)
		if owner == want {
			return true
		}
		if seen.add(owner) {
			n--
		}
	}
	return false
}

// Rank yields the nodes that have a point in the order of SelectN, and finds
// each when the caller asks for it. It does not yield drained nodes, nor nodes
// whose capacity is too small for a point.
func (r *Ring[N]) Rank(key string) iter.Seq[N] {
	return func(yield func(N) bool) {
		if r.owners() == 0 {
			return
		}
		i := r.circle.locate(r.keyPosition(key))
		owner := r.circle.owner(i)
		if !yield(r.all.Nodes[owner]) {
			return
		}
		seen := newBitset(r.Len())
		seen.add(owner)
		for found := 1; found < r.owners(); {
			i = r.circle.next(i)
			if owner = r.circle.owner(i); !seen.add(owner) {
				continue
			}
			if found++; !yield(r.all.Nodes[owner]) {
				return
			}
		}
	}
}

// bitset is a set of owners.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// add adds an owner and reports whether it was not in the set before.
func (b bitset) add(owner uint32) bool {
	bit := uint64(1) << (owner % 64)
	fresh := b[owner/64]&bit == 0
	b[owner/64] |= bit
	return fresh
}
