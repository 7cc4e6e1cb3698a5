package slots

import (
	"slices"

	"github.com/proxenos/proxenos/internal/batch"
)

// Group is a node and those of the keys of [Map.Split] that it owns.
type Group[N any] struct {
	Node   N
	Keys   []string
	Places []int // Places[i] is the index of Keys[i] among all keys
}

// SelectAll appends what [Map.Select] returns for each key to dst, and returns the
// extended slice: the zero value for a key that no node owns. It allocates only to grow
// dst.
func (m *Map[N]) SelectAll(dst []N, keys []string) []N {
	return m.lookup().Strings(dst, keys, m.locate)
}

// SelectAllBytes is [Map.SelectAll] for keys in slices, which it does not copy.
func (m *Map[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	return m.lookup().Bytes(dst, keys, m.locate)
}

// SelectAllHashes is [Map.SelectAll] for keys that are hashed already: it appends what
// [Map.SelectHash] returns for each.
func (m *Map[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	return m.lookup().Hashes(dst, hashes, m.locate)
}

// SelectNAll appends what [Map.SelectN] appends for each key to dst, and returns the
// extended slice. Every key gets the same number of nodes: n, or fewer if fewer own a
// slot. For n up to 16 it allocates only to grow dst.
func (m *Map[N]) SelectNAll(dst []N, keys []string, n int) []N {
	if n = min(n, m.owning()); n <= 0 {
		return dst
	}
	dst = slices.Grow(dst, n*len(keys))
	m.hasher.Each(keys, func(h uint64) { dst = m.appendFrom(dst, m.slot(h), n) })
	return dst
}

// Split groups keys by the node that [Map.Select] returns. Groups are in ascending
// order of the IDs of their nodes, and the keys of a group in the given order. A key
// that no node owns is in no group.
func (m *Map[N]) Split(keys []string) []Group[N] {
	return batch.Split[Group[N]](m.lookup(), keys, m.locate)
}

// HashAll sets sums[i] to what [Map.Hash] returns for keys[i]. There must be at least
// as many sums as keys.
func (m *Map[N]) HashAll(sums []uint64, keys []string) {
	m.lookup().Sums(sums, keys)
}

// lookup returns the lookup of owners, which locate finds.
func (m *Map[N]) lookup() batch.Lookup[N] {
	if m == nil {
		return batch.Lookup[N]{}
	}
	l := batch.Lookup[N]{Hasher: m.hasher}
	if m.count > 0 {
		l.Nodes = m.all.Nodes
	}
	return l
}

// locate sets at[i] to the index of the owner of the slot of hashes[i].
func (m *Map[N]) locate(at []uint32, _ []string, hashes []uint64) {
	for i, h := range hashes {
		at[i] = uint32(m.owners[m.slot(h)]) // none is batch.None
	}
}

// SelectAll appends what [Partitions.Select] returns for each key to dst, and returns
// the extended slice: the zero value for a key that no node owns. It allocates only to
// grow dst.
func (p *Partitions[N]) SelectAll(dst []N, keys []string) []N {
	return p.lookup().Strings(dst, keys, p.locate)
}

// SelectAllBytes is [Partitions.SelectAll] for keys in slices, which it does not copy.
func (p *Partitions[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	return p.lookup().Bytes(dst, keys, p.locate)
}

// SelectAllHashes is [Partitions.SelectAll] for keys that are hashed already: it
// appends what [Partitions.SelectHash] returns for each.
func (p *Partitions[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	return p.lookup().Hashes(dst, hashes, p.locate)
}

// SelectNAll appends what [Partitions.SelectN] appends for each key to dst, and returns
// the extended slice. Every key gets the same number of nodes if the ranking has the
// same nodes for every key, as that of a set, a ring or a map: n, or fewer if the
// ranking has fewer. For many keys it calls the ranking's SelectNAll, which must give
// every key the same number of nodes, and otherwise its SelectN. It allocates only to
// grow dst, and what the ranking allocates.
func (p *Partitions[N]) SelectNAll(dst []N, keys []string, n int) []N {
	if p.Slots() == 0 || n <= 0 {
		return dst
	}
	ranking, ok := p.ranking.(manyRanking[N])
	switch {
	case !ok || p.unowned > 0:
		p.hasher().Each(keys, func(h uint64) { dst = p.appendBest(dst, p.slotOf(h), n) })
		return dst
	case n == 1:
		return p.SelectAll(dst, keys)
	}
	return p.appendBestOfAll(dst, keys, n, ranking)
}

// manyRanking is a ranking that has the best nodes of many keys.
type manyRanking[N any] interface {
	SelectNAll(dst []N, keys []string, n int) []N
}

// appendBestOfAll appends the n best nodes of each key. Every partition has an owner.
func (p *Partitions[N]) appendBestOfAll(dst []N, keys []string, n int, ranking manyRanking[N]) []N {
	dst = slices.Grow(dst, min(n, p.Len())*len(keys))
	b := batch.Borrow()
	defer b.Return()
	for part := range slices.Chunk(keys, batch.Size) {
		hashes, names := b.Strings(p.hasher(), part), b.Keys(len(part))
		for i, h := range hashes {
			names[i] = p.key(p.slotOf(h))
		}
		start := len(dst)
		dst = ranking.SelectNAll(dst, names, n)
		each := (len(dst) - start) / len(names)
		for i, h := range hashes {
			best := dst[start+i*each:][:each]
			p.ownerFirst(best, p.nodes.Nodes[p.owners[p.slotOf(h)]])
		}
	}
	return dst
}

// Split groups keys by the node that [Partitions.Select] returns, as [Map.Split] does.
func (p *Partitions[N]) Split(keys []string) []Group[N] {
	return batch.Split[Group[N]](p.lookup(), keys, p.locate)
}

// HashAll sets sums[i] to what [Partitions.Hash] returns for keys[i]. There must be at
// least as many sums as keys.
func (p *Partitions[N]) HashAll(sums []uint64, keys []string) {
	p.lookup().Sums(sums, keys)
}

// lookup returns the lookup of owners, which locate finds.
func (p *Partitions[N]) lookup() batch.Lookup[N] {
	if p.Slots() == 0 {
		return batch.Lookup[N]{}
	}
	return batch.Lookup[N]{Hasher: p.hasher(), Nodes: p.nodes.Nodes}
}

// hasher returns the hash of keys.
func (p *Partitions[N]) hasher() batch.Hasher {
	return batch.Hasher{One: p.hash, All: p.hashAll, Cut: p.cfg.Key}
}

// locate sets at[i] to the index of the owner of the partition of hashes[i].
func (p *Partitions[N]) locate(at []uint32, _ []string, hashes []uint64) {
	for i, h := range hashes {
		at[i] = uint32(p.owners[p.slotOf(h)]) // none is batch.None
	}
}
