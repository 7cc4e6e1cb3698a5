//go:build amd64 && !purego

package batch

import "unsafe"

// run256 hashes whole groups of keys with AVX2. It collects what follows the whole words
// or blocks of keys where the assembly does not.
func (h hasher) run256(low, high []uint64, keys []string) {
	var last [4 * group]uint64
	for len(keys) > 0 {
		n := min(len(keys), len(last))
		h.run256Some(low, high, keys[:n], &last)
		low, high, keys = low[n:], high[n:], keys[n:]
	}
}

func (h hasher) run256Some(low, high []uint64, keys []string, last *[4 * group]uint64) {
	if h.function == murmur32 {
		blocks := (*[4 * group]uint32)(unsafe.Pointer(last))
		for i, key := range keys {
			blocks[i] = lastBlock(bytesOf(key))
		}
		murmur32x256(&low[0], &keys[0], &blocks[0], len(keys), h.k0)
		return
	}
	words := lastWords(last, keys)
	if h.function == sipHash {
		sipHash256(&low[0], &keys[0], words, len(keys), h.k0, h.k1)
	} else {
		murmur128x256(&low[0], &high[0], &keys[0], words, len(keys), h.k0)
	}
}

// lastWords sets last to the last words of the keys, without their lengths, unless all
// have eight bytes or more: then it returns nil, and the assembly does that.
func lastWords(last *[4 * group]uint64, keys []string) *uint64 {
	shortest := len(keys[0])
	for _, key := range keys {
		shortest = min(shortest, len(key))
	}
	if shortest >= 8 {
		return nil
	}
	for i, key := range keys {
		last[i] = LastWord(bytesOf(key)) & (1<<56 - 1)
	}
	return &last[0]
}

func bytesOf(key string) []byte { return unsafe.Slice(unsafe.StringData(key), len(key)) }

//go:noescape
func sipHash256(sums *uint64, keys *string, last *uint64, n int, k0, k1 uint64)

//go:noescape
func murmur32x256(sums *uint64, keys *string, last *uint32, n int, seed uint64)

//go:noescape
func murmur128x256(low, high *uint64, keys *string, last *uint64, n int, seed uint64)
