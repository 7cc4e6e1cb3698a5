//go:build amd64 && !purego

package batch

import "unsafe"

// sipHash256 collects the last words of some groups of keys and hashes these.
func (h hasher) sipHash256(sums []uint64, keys []string) {
	var last [4 * group]uint64
	for len(keys) > 0 {
		n := min(len(keys), len(last))
		for i, key := range keys[:n] {
			last[i] = LastWord(unsafe.Slice(unsafe.StringData(key), len(key)))
		}
		sipHash256(&sums[0], &keys[0], &last[0], n, h.k0, h.k1)
		sums, keys = sums[n:], keys[n:]
	}
}

//go:noescape
func sipHash256(sums *uint64, keys *string, last *uint64, n int, k0, k1 uint64)
