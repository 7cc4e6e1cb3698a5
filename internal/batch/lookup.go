package batch

import (
	"math"
	"slices"
	"unsafe"
)

// None stands for the index of a node where there is none.
const None = math.MaxUint32

// Lookup finds the owners of many keys. The zero value finds none.
type Lookup[N any] struct {
	Hasher
	// Nodes are the nodes that a Locate names by their index.
	Nodes []N
}

// Locate sets at[i] to the index of the node that owns keys[i], or to None. The keys
// have these hashes; a Lookup without a Hasher passes keys alone, and [Lookup.Hashes]
// hashes alone. There are at most Size keys, and one node or more.
type Locate func(at []uint32, keys []string, hashes []uint64)

// Strings appends the owner of each key to dst, the zero value for one without.
func (l Lookup[N]) Strings(dst []N, keys []string, locate Locate) []N {
	return appendOwners(dst, l.Nodes, keys, func(b *Block, at []uint32, keys []string) {
		l.find(b, at, keys, locate)
	})
}

// Bytes is Strings for keys in slices.
func (l Lookup[N]) Bytes(dst []N, keys [][]byte, locate Locate) []N {
	return appendOwners(dst, l.Nodes, keys, func(b *Block, at []uint32, keys [][]byte) {
		texts := b.Keys(len(keys))
		for i, key := range keys {
			texts[i] = unsafe.String(unsafe.SliceData(key), len(key))
		}
		l.find(b, at, texts, locate)
	})
}

// Hashes is Strings for keys that are hashed already, which have no owner without a
// Hasher.
func (l Lookup[N]) Hashes(dst []N, hashes []uint64, locate Locate) []N {
	return appendOwners(dst, l.Nodes, hashes, func(_ *Block, at []uint32, hashes []uint64) {
		if l.One == nil || len(l.Nodes) == 0 {
			none(at)
			return
		}
		locate(at, nil, hashes)
	})
}

// find sets at[i] to the index of the owner of keys[i], or to None.
func (l Lookup[N]) find(b *Block, at []uint32, keys []string, locate Locate) {
	switch {
	case len(l.Nodes) == 0:
		none(at)
	case l.One == nil:
		locate(at, keys, nil)
	default:
		locate(at, keys, b.Strings(l.Hasher, keys))
	}
}

// none is the result for keys without an owner.
func none(at []uint32) {
	for i := range at {
		at[i] = None
	}
}

// appendOwners appends the owner of each key to dst, as find tells them.
func appendOwners[N, K any](dst, nodes []N, keys []K, find func(b *Block, at []uint32, keys []K)) []N {
	dst = slices.Grow(dst, len(keys))
	inBlocks(keys, find, func(at []uint32) {
		n := len(dst)
		dst = dst[:n+len(at)]
		owners := dst[n:][:len(at)]
		for j, i := range at {
			if i == None {
				var zero N
				owners[j] = zero
				continue
			}
			owners[j] = nodes[i]
		}
	})
	return dst
}

// inBlocks calls visit with the results of find for one block of keys after another.
func inBlocks[K any](keys []K, find func(b *Block, at []uint32, keys []K), visit func(at []uint32)) {
	b := Borrow()
	defer b.Return()
	for part := range slices.Chunk(keys, Size) {
		at := b.at[:len(part)]
		find(b, at, part)
		visit(at)
	}
}

// keyGroup is what the packages above call Group. Each declares it, so that its
// documentation shows the fields.
type keyGroup[N any] interface {
	~struct {
		Node   N
		Keys   []string
		Places []int
	}
}

// Split groups keys by their owner, in the order of the nodes, without keys that have
// none and nodes that have no key.
func Split[G keyGroup[N], N any](l Lookup[N], keys []string, locate Locate) (groups []G) {
	at := make([]uint32, 0, len(keys))
	inBlocks(keys, func(b *Block, at []uint32, keys []string) {
		l.find(b, at, keys, locate)
	}, func(some []uint32) { at = append(at, some...) })
	ends := make([]int, len(l.Nodes)) // of the keys of each node
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
			groups = append(groups, G{Node: l.Nodes[i], Keys: sorted[begin:end:end], Places: places[begin:end:end]})
			begin = end
		}
	}
	return groups
}
