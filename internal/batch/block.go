package batch

import (
	"slices"
	"sync"
)

// Size is the number of keys that a [Block] holds: enough that the cost of a block is
// small, and few enough that it stays in the cache.
const Size = 256

// Block is the memory for the lookups of up to Size keys.
type Block struct {
	hashes [Size]uint64
	at     [Size]uint32 // indices of nodes
	keys   [Size]string
	used   int // how many of keys to clear
}

var blocks = sync.Pool{New: func() any { return new(Block) }}

// Borrow returns a block for the caller alone, until [Block.Return].
func Borrow() *Block { return blocks.Get().(*Block) }

// Return gives the block back. It does not keep the memory of keys.
func (b *Block) Return() {
	clear(b.keys[:b.used])
	b.used = 0
	blocks.Put(b)
}

// Keys returns memory for n keys of the caller, up to Size. A call of Strings or Bytes
// may overwrite it.
func (b *Block) Keys(n int) []string {
	b.used = max(b.used, n)
	return b.keys[:n]
}

// Hasher hashes the keys of a block.
type Hasher struct {
	// One hashes a key.
	One func(key string) uint64
	// All sets sums[i] to the hash of keys[i]. Nil calls One for each.
	All func(sums []uint64, keys []string)
	// Cut returns the part of a key that is hashed. Nil is the whole key.
	Cut func(key string) string
}

// Strings hashes up to Size keys. The result is a part of the block.
func (b *Block) Strings(h Hasher, keys []string) (hashes []uint64) {
	if h.Cut != nil {
		cut := b.Keys(len(keys))
		for i, key := range keys {
			cut[i] = h.Cut(key)
		}
		keys = cut
	}
	hashes = b.hashes[:len(keys)]
	if h.All != nil {
		h.All(hashes, keys)
		return hashes
	}
	for i, key := range keys {
		hashes[i] = h.One(key)
	}
	return hashes
}

// Each calls visit with the hash of each key in turn.
func (h Hasher) Each(keys []string, visit func(hash uint64)) {
	b := Borrow()
	defer b.Return()
	for part := range slices.Chunk(keys, Size) {
		for _, hash := range b.Strings(h, part) {
			visit(hash)
		}
	}
}

// Sums sets sums[i] to the hash of keys[i], and to 0 without a hash function.
func (h Hasher) Sums(sums []uint64, keys []string) {
	sums = sums[:len(keys)]
	if h.One == nil {
		clear(sums)
		return
	}
	b := Borrow()
	defer b.Return()
	for len(keys) > 0 {
		n := copy(sums, b.Strings(h, keys[:min(Size, len(keys))]))
		sums, keys = sums[n:], keys[n:]
	}
}
