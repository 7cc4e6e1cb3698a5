package ring

import (
	"math/bits"
	"slices"

	"github.com/proxenos/proxenos/internal/batch"
)

// Group is a node and those of the keys of [Ring.Split] that it owns.
type Group[N any] struct {
	Node   N
	Keys   []string
	Places []int // Places[i] is the index of Keys[i] among all keys
}

// SelectAll appends what [Ring.Select] returns for each key to dst, and returns the
// extended slice. It appends the zero value for every key if no node has a point. For
// many keys it takes a fraction of the time of Select. It allocates only to grow dst.
func (r *Ring[N]) SelectAll(dst []N, keys []string) []N {
	return r.lookup().Strings(dst, keys, r.locate)
}

// SelectAllBytes is [Ring.SelectAll] for keys in slices, which it does not copy.
func (r *Ring[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	return r.lookup().Bytes(dst, keys, r.locate)
}

// SelectAllHashes is [Ring.SelectAll] for keys that are hashed already: it appends
// what [Ring.SelectHash] returns for each.
func (r *Ring[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	return r.lookup().Hashes(dst, hashes, r.locate)
}

// SelectNAll appends what [Ring.SelectN] appends for each key to dst, and returns the
// extended slice. Every key gets the same number of nodes: n, or fewer if fewer have a
// point. For rings of up to 65,536 nodes it allocates only to grow dst.
func (r *Ring[N]) SelectNAll(dst []N, keys []string, n int) []N {
	if n = min(n, r.owners()); n <= 0 {
		return dst
	}
	if n == 1 {
		return r.SelectAll(dst, keys)
	}
	dst = slices.Grow(dst, n*len(keys))
	r.lookup().Each(keys, func(h uint64) { dst = r.appendFrom(dst, r.circle.locate(r.position(h)), n) })
	return dst
}

// Split groups keys by the node that [Ring.Select] returns, for requests that take many
// keys. Groups are in ascending order of the IDs of their nodes, and the keys of a
// group in the given order. A ring without points has no groups.
func (r *Ring[N]) Split(keys []string) []Group[N] {
	return batch.Split[Group[N]](r.lookup(), keys, r.locate)
}

// HashAll sets sums[i] to what [Ring.Hash] returns for keys[i]. There must be at least
// as many sums as keys.
func (r *Ring[N]) HashAll(sums []uint64, keys []string) {
	r.lookup().Sums(sums, keys)
}

// lookup returns the lookup of owners, which locate finds.
func (r *Ring[N]) lookup() batch.Lookup[N] {
	if r == nil {
		return batch.Lookup[N]{}
	}
	l := batch.Lookup[N]{Hasher: batch.Hasher{One: r.hash, All: r.hashAll, Cut: r.cfg.Key}}
	if r.owners() > 0 {
		l.Nodes = r.all.Nodes
	}
	return l
}

// locate sets at[i] to the index of the owner of the key of hashes[i].
func (r *Ring[N]) locate(at []uint32, _ []string, hashes []uint64) {
	var positions [batch.Size]uint64
	for i, h := range hashes {
		positions[i] = r.position(h) & r.mask
	}
	r.circle.ownersOf(at, positions[:len(hashes)])
}

// ownersOf sets at[i] to the owner of a position.
func (c *circle) ownersOf(at []uint32, positions []uint64) {
	if c.lookup >= nearest || c.wide != nil {
		for i, position := range positions {
			at[i] = c.owner(c.locate(position))
		}
		return
	}
	words, index, up, down := c.words, c.index, c.up&63, c.down&63
	for k, position := range positions {
		position += c.after
		word := position << up
		top := word &^ ownerMask
		i := uint64(index[position>>down])
		i += less(words[i], top) // steps without branches, as their number is random
		i += less(words[i], top)
		for words[i] < top {
			i++
		}
		if c.low != nil && words[i]^top <= ownerMask {
			i = uint64(c.findLow(int(i), word))
		}
		at[k] = uint32(words[i] & ownerMask)
	}
}

// less returns 1 if a < b, else 0.
func less(a, b uint64) (borrow uint64) {
	_, borrow = bits.Sub64(a, b, 0)
	return borrow
}

// masked returns the hash of many keys without the bits that do not count.
func masked(all func(sums []uint64, keys []string), mask uint64) func(sums []uint64, keys []string) {
	if all == nil {
		return nil
	}
	return func(sums []uint64, keys []string) {
		all(sums, keys)
		for i := range sums[:len(keys)] {
			sums[i] &= mask
		}
	}
}
