package rendezvous

import (
	"slices"

	"github.com/proxenos/proxenos/internal/batch"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Group is a node and those of the keys of [Set.Split] that it owns.
type Group[N any] struct {
	Node   N
	Keys   []string
	Places []int // Places[i] is the index of Keys[i] among all keys
}

// SelectAll appends what [Set.Select] returns for each key to dst, and returns the
// extended slice. It appends the zero value for every key if the set has no node that
// is not drained. For many keys it takes a fraction of the time of Select on
// processors with AVX2 or AVX-512. It allocates only to grow dst.
func (s *Set[N]) SelectAll(dst []N, keys []string) []N {
	return s.lookup().Strings(dst, keys, s.locate)
}

// SelectAllBytes is [Set.SelectAll] for keys in slices, which it does not copy.
func (s *Set[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	return s.lookup().Bytes(dst, keys, s.locate)
}

// SelectAllHashes is [Set.SelectAll] for keys that are hashed already: it appends what
// [Set.SelectHash] returns for each. With a Scorer that is the zero value.
func (s *Set[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	return s.lookup().Hashes(dst, hashes, s.locate)
}

// SelectNAll appends what [Set.SelectN] appends for each key to dst, and returns the
// extended slice. Every key gets the same number of nodes: n, or fewer if fewer are
// not drained. For many keys and up to eight nodes, or four by weight, it takes a
// fraction of the time of SelectN on processors with AVX-512, and for up to four without
// weights on those with AVX2. It allocates only to grow dst.
func (s *Set[N]) SelectNAll(dst []N, keys []string, n int) []N {
	if n = min(n, s.choices()); n <= 0 {
		return dst
	}
	if n == 1 {
		return s.SelectAll(dst, keys)
	}
	dst = slices.Grow(dst, n*len(keys))
	if s.fill != nil {
		for _, key := range keys {
			dst = s.appendBest(dst, s.query(key), n)
		}
		return dst
	}
	b := batch.Borrow()
	defer b.Return()
	for part := range slices.Chunk(keys, batch.Size) {
		dst = s.appendBestOfAll(dst, b.Strings(s.hasher(), part), n)
	}
	return dst
}

// appendBestOfAll appends the n best nodes for each of up to batch.Size hashes. n is
// from 2 to the number of nodes.
func (s *Set[N]) appendBestOfAll(dst []N, hashes []uint64, n int) []N {
	var at [batch.Size * batch.MaxFew]uint32
	var found bool
	if s.weights != nil {
		found = bestFewWeightedAll(at[:], hashes, s.seeds, s.weights, s.inverse, n)
	} else {
		found = batch.Few(at[:], hashes, s.seeds, n)
	}
	for i, h := range hashes {
		if !found || at[i*n+n-1] == batch.None {
			dst = s.appendBest(dst, query{hash: h}, n)
			continue
		}
		for _, j := range at[i*n : i*n+n] {
			dst = append(dst, s.live[j])
		}
	}
	return dst
}

// Split groups keys by the node that [Set.Select] returns, for requests that take many
// keys. Groups are in ascending order of the IDs of their nodes, and the keys of a
// group in the given order. A set without nodes has no groups.
func (s *Set[N]) Split(keys []string) []Group[N] {
	return batch.Split[Group[N]](s.lookup(), keys, s.locate)
}

// HashAll sets sums[i] to what [Set.Hash] returns for keys[i]. There must be at least
// as many sums as keys.
func (s *Set[N]) HashAll(sums []uint64, keys []string) { s.lookup().Sums(sums, keys) }

// hasher returns the hash of keys.
func (s *Set[N]) hasher() batch.Hasher {
	return batch.Hasher{One: s.hash, All: s.hashAll, Cut: s.cfg.Key}
}

// lookup returns the lookup of owners, which locate finds. A Scorer takes no hashes.
func (s *Set[N]) lookup() batch.Lookup[N] {
	switch {
	case s == nil:
		return batch.Lookup[N]{}
	case s.fill != nil:
		return batch.Lookup[N]{Nodes: s.live}
	}
	return batch.Lookup[N]{Hasher: s.hasher(), Nodes: s.live}
}

// locate sets at[i] to the index in live of the owner of a key.
func (s *Set[N]) locate(at []uint32, keys []string, hashes []uint64) {
	switch {
	case s.fill != nil:
		for i, key := range keys {
			at[i] = uint32(s.best(s.query(key)))
		}
	case s.weights != nil:
		bestWeightedAll(at, hashes, s.seeds, s.weights, s.inverse)
	case batch.Best(at, hashes, s.seeds):
	case len(s.seeds) < narrow:
		for i, h := range hashes {
			best, _ := expand(h).bestOf(s.seeds)
			at[i] = uint32(best)
		}
	default:
		for i, h := range hashes {
			at[i] = uint32(expand(h).best(s.seeds))
		}
	}
}

// SelectAll appends what [Table.Select] returns for each key to dst, as
// [Set.SelectAll] does.
func (t *Table[N]) SelectAll(dst []N, keys []string) []N {
	return t.lookup().Strings(dst, keys, t.locate)
}

// SelectAllBytes is [Table.SelectAll] for keys in slices, which it does not copy.
func (t *Table[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	return t.lookup().Bytes(dst, keys, t.locate)
}

// SelectAllHashes is [Table.SelectAll] for keys that are hashed already: it appends
// what [Table.SelectHash] returns for each.
func (t *Table[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	return t.lookup().Hashes(dst, hashes, t.locate)
}

// SelectNAll appends what [Table.SelectN] appends for each key to dst, as
// [Set.SelectNAll] does.
func (t *Table[N]) SelectNAll(dst []N, keys []string, n int) []N {
	if n = min(n, t.nodes().choices()); n <= 0 {
		return dst
	}
	if n == 1 {
		return t.SelectAll(dst, keys)
	}
	dst = slices.Grow(dst, n*len(keys))
	b, work := batch.Borrow(), t.set.borrow()
	defer b.Return()
	defer t.set.giveBack(work)
	for part := range slices.Chunk(keys, batch.Size) {
		names := work.slotKeys(t.shift, b.Strings(t.set.hasher(), part))
		if t.set.fill != nil {
			for _, name := range names {
				dst = t.set.appendBest(dst, query{key: name}, n)
			}
			continue
		}
		hashes := b.Strings(batch.Hasher{One: t.set.hash, All: t.set.hashAll}, names)
		dst = t.set.appendBestOfAll(dst, hashes, n)
	}
	return dst
}

// Split groups keys by the node that [Table.Select] returns, as [Set.Split] does.
func (t *Table[N]) Split(keys []string) []Group[N] {
	return batch.Split[Group[N]](t.lookup(), keys, t.locate)
}

// HashAll sets sums[i] to what [Table.Hash] returns for keys[i]. There must be at least
// as many sums as keys.
func (t *Table[N]) HashAll(sums []uint64, keys []string) {
	t.lookup().Sums(sums, keys)
}

// lookup returns the lookup of owners, which locate finds.
func (t *Table[N]) lookup() batch.Lookup[N] {
	if t == nil || t.set == nil {
		return batch.Lookup[N]{}
	}
	return batch.Lookup[N]{Hasher: t.set.hasher(), Nodes: t.set.live}
}

// locate sets at[i] to the index in live of the owner of the slot of a hash.
func (t *Table[N]) locate(at []uint32, _ []string, hashes []uint64) {
	owners, shift := t.owners, t.shift&63
	for i, h := range hashes {
		at[i] = uint32(owners[prf.Finalize(h)>>shift])
	}
}
