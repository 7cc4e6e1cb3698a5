package batch

import (
	"math"
	"slices"
)

// None stands for the index of a node where there is none.
const None = math.MaxUint32

// Lookup finds the owners of many keys.
type Lookup[N any] struct {
	Hasher
	// Nodes are the nodes that Locate names by their index.
	Nodes []N
	// Locate sets at[i] to the index of the node that owns the key of hashes[i], or to
	// None. There are at most Size hashes, and as many indices.
	Locate func(at []uint32, hashes []uint64)
}

// Strings appends the owner of each key to dst, the zero value for one without.
func (l Lookup[N]) Strings(dst []N, keys []string) []N {
	dst = slices.Grow(dst, len(keys))
	b := Borrow()
	defer b.Return()
	for len(keys) > 0 {
		dst = l.append(dst, b, b.Strings(l.Hasher, next(&keys)))
	}
	return dst
}

// Bytes is Strings for keys in slices.
func (l Lookup[N]) Bytes(dst []N, keys [][]byte) []N {
	dst = slices.Grow(dst, len(keys))
	b := Borrow()
	defer b.Return()
	for len(keys) > 0 {
		dst = l.append(dst, b, b.Bytes(l.Hasher, next(&keys)))
	}
	return dst
}

// Hashes is Strings for keys that are hashed already.
func (l Lookup[N]) Hashes(dst []N, hashes []uint64) []N {
	dst = slices.Grow(dst, len(hashes))
	b := Borrow()
	defer b.Return()
	for len(hashes) > 0 {
		dst = l.append(dst, b, next(&hashes))
	}
	return dst
}

// append appends the owners of the keys of a block.
func (l Lookup[N]) append(dst []N, b *Block, hashes []uint64) []N {
	at := b.at[:len(hashes)]
	l.Locate(at, hashes)
	for _, i := range at {
		if i == None {
			var none N
			dst = append(dst, none)
			continue
		}
		dst = append(dst, l.Nodes[i])
	}
	return dst
}

// Each calls visit with the hash of each key in turn.
func (h Hasher) Each(keys []string, visit func(hash uint64)) {
	b := Borrow()
	defer b.Return()
	for len(keys) > 0 {
		for _, hash := range b.Strings(h, next(&keys)) {
			visit(hash)
		}
	}
}

// Sums sets sums[i] to the hash of keys[i].
func (h Hasher) Sums(sums []uint64, keys []string) {
	b := Borrow()
	defer b.Return()
	for len(keys) > 0 {
		part := next(&keys)
		copy(sums, b.Strings(h, part))
		sums = sums[len(part):]
	}
}

// places returns the index of the owner of each key.
func (l Lookup[N]) places(keys []string) (at []uint32) {
	at = make([]uint32, len(keys))
	b := Borrow()
	defer b.Return()
	for done := 0; len(keys) > 0; {
		hashes := b.Strings(l.Hasher, next(&keys))
		l.Locate(at[done:done+len(hashes)], hashes)
		done += len(hashes)
	}
	return at
}

// Split groups keys by their owner, in the order of the nodes, without keys that have
// none and nodes that have no key.
func Split[G ~struct {
	Node   N
	Keys   []string
	Places []int
}, N any](l Lookup[N], keys []string) (groups []G) {
	at := l.places(keys)
	return SplitAt[G](l.Nodes, keys, at)
}

// SplitAt is Split for keys whose owners are known by their index.
func SplitAt[G ~struct {
	Node   N
	Keys   []string
	Places []int
}, N any](nodes []N, keys []string, at []uint32) (groups []G) {
	ends := make([]int, len(nodes)) // of the keys of each node
	for _, i := range at {
		if i != None {
			ends[i]++
		}
	}
	total, used := 0, 0
	for i, n := range ends {
		ends[i] = total
		total += n
		if n > 0 {
			used++
		}
	}
	sorted, places := make([]string, total), make([]int, total)
	for place, i := range at {
		if i != None {
			sorted[ends[i]], places[ends[i]] = keys[place], place
			ends[i]++
		}
	}
	groups, begin := make([]G, 0, used), 0
	for i, end := range ends {
		if begin < end {
			groups = append(groups, G{Node: nodes[i], Keys: sorted[begin:end:end], Places: places[begin:end:end]})
			begin = end
		}
	}
	return groups
}
