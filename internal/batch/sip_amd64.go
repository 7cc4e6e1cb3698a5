//go:build amd64 && !purego

package batch

import (
	"encoding/binary"
	"unsafe"
)

// sipHash256 collects the last words of some groups of keys and hashes these.
func (h hasher) sipHash256(sums []uint64, keys []string) {
	var last [4 * group]uint64
	for len(keys) > 0 {
		n := min(len(keys), len(last))
		for i, key := range keys[:n] {
			last[i] = lastWord(key)
		}
		sipHash256(&sums[0], &keys[0], &last[0], n, h.k0, h.k1)
		sums, keys = sums[n:], keys[n:]
	}
}

// lastWord returns the last word that SipHash takes from a key: the bytes that
// follow the complete words, and the length in the top byte.
func lastWord(key string) uint64 {
	b := unsafe.Slice(unsafe.StringData(key), len(key))
	rest, top := uint(len(b)%8), uint64(len(b))<<56
	switch {
	case len(b) >= 8: // two shifts, as one by 64 is slow in Go
		return binary.LittleEndian.Uint64(b[len(b)-8:])>>8>>(56-8*rest) | top
	case len(b) >= 4:
		low, high := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[len(b)-4:])
		return uint64(low) | uint64(high)<<(8*rest-32) | top
	case len(b) > 0: // the byte in the middle is the first or the last, too, of one or two
		return uint64(b[0]) | uint64(b[len(b)/2])<<(8*(rest/2)) | uint64(b[len(b)-1])<<(8*rest-8) | top
	default:
		return top
	}
}

//go:noescape
func sipHash256(sums *uint64, keys *string, last *uint64, n int, k0, k1 uint64)
