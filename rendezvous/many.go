package rendezvous

import (
	"slices"

	"github.com/proxenos/proxenos/internal/batch"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Group holds those of many keys that belong to one node.
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
	switch {
	case s.choices() == 0:
		return append(dst, make([]N, len(keys))...)
	case s.fill != nil:
		dst = slices.Grow(dst, len(keys))
		for _, key := range keys {
			dst = append(dst, s.live[s.best(s.query(key))])
		}
		return dst
	}
	return s.lookup().Strings(dst, keys)
}

// SelectAllBytes is [Set.SelectAll] for keys in slices, which it does not copy.
func (s *Set[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	switch {
	case s.choices() == 0:
		return append(dst, make([]N, len(keys))...)
	case s.fill != nil:
		dst = slices.Grow(dst, len(keys))
		for _, key := range keys {
			dst = append(dst, s.live[s.best(s.query(text(key)))])
		}
		return dst
	}
	return s.lookup().Bytes(dst, keys)
}

// SelectAllHashes is [Set.SelectAll] for keys that are hashed already: it appends what
// [Set.SelectHash] returns for each. With a Scorer that is the zero value.
func (s *Set[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	if s.choices() == 0 || s.fill != nil {
		return append(dst, make([]N, len(hashes))...)
	}
	return s.lookup().Hashes(dst, hashes)
}

// SelectNAll appends what [Set.SelectN] appends for each key to dst, and returns the
// extended slice. Every key gets the same number of nodes: n, or fewer if fewer are
// not drained. It allocates only to grow dst.
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
	found := s.weights == nil && batch.Few(at[:], hashes, s.seeds, n)
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
	switch {
	case s.choices() == 0:
		return nil
	case s.fill != nil:
		at := make([]uint32, len(keys))
		for i, key := range keys {
			at[i] = uint32(s.best(s.query(key)))
		}
		return batch.SplitAt[Group[N]](s.live, keys, at)
	}
	return batch.Split[Group[N]](s.lookup(), keys)
}

// HashAll sets sums[i] to what [Set.Hash] returns for keys[i]. There must be at least
// as many sums as keys.
func (s *Set[N]) HashAll(sums []uint64, keys []string) {
	if s == nil || s.keyHash == nil || s.fill != nil {
		clear(sums[:len(keys)])
		return
	}
	s.hasher().Sums(sums, keys)
}

// hasher returns the hash of keys.
func (s *Set[N]) hasher() batch.Hasher {
	return batch.Hasher{One: s.hash, All: s.hashAll, Cut: s.cfg.Key}
}

// lookup returns the lookup of hashed keys. There is a node, and no Scorer.
func (s *Set[N]) lookup() batch.Lookup[N] {
	return batch.Lookup[N]{Hasher: s.hasher(), Nodes: s.live, Locate: s.bestOfAll}
}

// bestOfAll sets at[i] to the index in live of the owner of the key of hashes[i].
func (s *Set[N]) bestOfAll(at []uint32, hashes []uint64) {
	if s.weights != nil {
		bestWeightedAll(at, hashes, s.seeds, s.weights, s.inverse)
		return
	}
	if batch.Best(at, hashes, s.seeds) {
		return
	}
	for i, h := range hashes {
		at[i] = uint32(expand(h).best(s.seeds))
	}
}

// SelectAll appends what [Table.Select] returns for each key to dst, as
// [Set.SelectAll] does.
func (t *Table[N]) SelectAll(dst []N, keys []string) []N {
	if t.nodes().choices() == 0 {
		return append(dst, make([]N, len(keys))...)
	}
	return t.lookup().Strings(dst, keys)
}

// SelectAllBytes is [Table.SelectAll] for keys in slices, which it does not copy.
func (t *Table[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	if t.nodes().choices() == 0 {
		return append(dst, make([]N, len(keys))...)
	}
	return t.lookup().Bytes(dst, keys)
}

// SelectAllHashes is [Table.SelectAll] for keys that are hashed already: it appends
// what [Table.SelectHash] returns for each.
func (t *Table[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	if t.nodes().choices() == 0 {
		return append(dst, make([]N, len(hashes))...)
	}
	return t.lookup().Hashes(dst, hashes)
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
	work := t.set.borrow()
	defer t.set.giveBack(work)
	t.set.hasher().Each(keys, func(h uint64) {
		dst = t.set.appendBest(dst, t.set.whole(work.slotKey(t.slotOf(h))), n)
	})
	return dst
}

// Split groups keys by the node that [Table.Select] returns, as [Set.Split] does.
func (t *Table[N]) Split(keys []string) []Group[N] {
	if t.nodes().choices() == 0 {
		return nil
	}
	return batch.Split[Group[N]](t.lookup(), keys)
}

// HashAll sets sums[i] to what [Table.Hash] returns for keys[i]. There must be at least
// as many sums as keys.
func (t *Table[N]) HashAll(sums []uint64, keys []string) {
	if t == nil || t.set == nil {
		clear(sums[:len(keys)])
		return
	}
	t.set.hasher().Sums(sums, keys)
}

// lookup returns the lookup of hashed keys. There is a node.
func (t *Table[N]) lookup() batch.Lookup[N] {
	return batch.Lookup[N]{Hasher: t.set.hasher(), Nodes: t.set.live, Locate: t.ownersOf}
}

// ownersOf sets at[i] to the index of the owner of the slot of hashes[i].
func (t *Table[N]) ownersOf(at []uint32, hashes []uint64) {
	owners, shift := t.owners, t.shift&63
	for i, h := range hashes {
		at[i] = uint32(owners[prf.Finalize(h)>>shift])
	}
}
