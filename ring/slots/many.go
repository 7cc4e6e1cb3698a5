package slots

import "github.com/proxenos/proxenos/internal/batch"

// Group holds those of many keys that belong to one node.
type Group[N any] struct {
	Node   N
	Keys   []string
	Places []int // Places[i] is the index of Keys[i] among all keys
}

// SelectAll appends what [Map.Select] returns for each key to dst, and returns the
// extended slice: the zero value for a key that no node owns. It allocates only to grow
// dst.
func (m *Map[N]) SelectAll(dst []N, keys []string) []N {
	if m.Slots() == 0 {
		return append(dst, make([]N, len(keys))...)
	}
	return m.lookup().Strings(dst, keys)
}

// SelectAllBytes is [Map.SelectAll] for keys in slices, which it does not copy.
func (m *Map[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	if m.Slots() == 0 {
		return append(dst, make([]N, len(keys))...)
	}
	return m.lookup().Bytes(dst, keys)
}

// SelectAllHashes is [Map.SelectAll] for keys that are hashed already: it appends what
// [Map.SelectHash] returns for each.
func (m *Map[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	if m.Slots() == 0 {
		return append(dst, make([]N, len(hashes))...)
	}
	return m.lookup().Hashes(dst, hashes)
}

// Split groups keys by the node that [Map.Select] returns. Groups are in ascending
// order of the IDs of their nodes, and the keys of a group in the given order. A key
// that no node owns is in no group.
func (m *Map[N]) Split(keys []string) []Group[N] {
	if m.Slots() == 0 {
		return nil
	}
	return batch.Split[Group[N]](m.lookup(), keys)
}

// HashAll sets sums[i] to what [Map.Hash] returns for keys[i]. There must be at least
// as many sums as keys.
func (m *Map[N]) HashAll(sums []uint64, keys []string) {
	if m == nil || m.hash == nil {
		clear(sums[:len(keys)])
		return
	}
	m.hasher.Sums(sums, keys)
}

// lookup returns the lookup of hashed keys. There is a slot.
func (m *Map[N]) lookup() batch.Lookup[N] {
	return batch.Lookup[N]{Hasher: m.hasher, Nodes: m.all.Nodes, Locate: m.ownersOf}
}

// ownersOf sets at[i] to the index of the owner of the slot of hashes[i].
func (m *Map[N]) ownersOf(at []uint32, hashes []uint64) {
	for i, h := range hashes {
		at[i] = uint32(m.owners[m.slot(h)]) // none is batch.None
	}
}

// SelectAll appends what [Partitions.Select] returns for each key to dst, and returns
// the extended slice: the zero value for a key that no node owns. It allocates only to
// grow dst.
func (p *Partitions[N]) SelectAll(dst []N, keys []string) []N {
	if p.Slots() == 0 {
		return append(dst, make([]N, len(keys))...)
	}
	return p.lookup().Strings(dst, keys)
}

// SelectAllBytes is [Partitions.SelectAll] for keys in slices, which it does not copy.
func (p *Partitions[N]) SelectAllBytes(dst []N, keys [][]byte) []N {
	if p.Slots() == 0 {
		return append(dst, make([]N, len(keys))...)
	}
	return p.lookup().Bytes(dst, keys)
}

// SelectAllHashes is [Partitions.SelectAll] for keys that are hashed already: it
// appends what [Partitions.SelectHash] returns for each.
func (p *Partitions[N]) SelectAllHashes(dst []N, hashes []uint64) []N {
	if p.Slots() == 0 {
		return append(dst, make([]N, len(hashes))...)
	}
	return p.lookup().Hashes(dst, hashes)
}

// Split groups keys by the node that [Partitions.Select] returns, as [Map.Split] does.
func (p *Partitions[N]) Split(keys []string) []Group[N] {
	if p.Slots() == 0 {
		return nil
	}
	return batch.Split[Group[N]](p.lookup(), keys)
}

// HashAll sets sums[i] to what [Partitions.Hash] returns for keys[i]. There must be at
// least as many sums as keys.
func (p *Partitions[N]) HashAll(sums []uint64, keys []string) {
	if p == nil || p.hash == nil {
		clear(sums[:len(keys)])
		return
	}
	p.hasher().Sums(sums, keys)
}

func (p *Partitions[N]) hasher() batch.Hasher {
	return batch.Hasher{One: p.hash, All: p.hashAll, Cut: p.cfg.Key}
}

// lookup returns the lookup of hashed keys. There is a partition.
func (p *Partitions[N]) lookup() batch.Lookup[N] {
	return batch.Lookup[N]{Hasher: p.hasher(), Nodes: p.nodes.Nodes, Locate: p.ownersOf}
}

// ownersOf sets at[i] to the index of the owner of the partition of hashes[i].
func (p *Partitions[N]) ownersOf(at []uint32, hashes []uint64) {
	for i, h := range hashes {
		at[i] = uint32(p.owners[p.slotOf(h)]) // none is batch.None
	}
}
