package prf

import (
	"encoding/binary"
	"math/bits"

	"github.com/spaolacci/murmur3"
)

// MurmurHash3 (Appleby, 2011) is three unrelated functions.
// github.com/spaolacci/murmur3 implements two of them. Its 32-bit function fails
// under the race detector (its issues 29 and 34). Its 128-bit function reads
// words in native byte order, so it is used only where that is little-endian.

// murmur32 is MurmurHash3_x86_32.
func murmur32(b []byte, seed uint32) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	h, size := seed, len(b)
	for ; len(b) >= 4; b = b[4:] {
		h ^= scramble32(binary.LittleEndian.Uint32(b), c1, 15, c2)
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	var tail [4]byte // zeros scramble to zero, which changes nothing
	copy(tail[:], b)
	h ^= scramble32(binary.LittleEndian.Uint32(tail[:]), c1, 15, c2)
	return finalize32(h ^ uint32(size))
}

// murmur128x64 returns the two words of MurmurHash3_x64_128.
func murmur128x64(b []byte, seed uint32) (h1, h2 uint64) {
	if nativeWords {
		return murmur3.Sum128WithSeed(b, seed)
	}
	return portable128x64(b, seed)
}

// portable128x64 is murmur128x64 in portable Go.
func portable128x64(b []byte, seed uint32) (h1, h2 uint64) {
	const c1, c2 = 0x87c37b91114253d5, 0x4cf5ad432745937f
	h1, h2, size := uint64(seed), uint64(seed), uint64(len(b))
	for ; len(b) >= 16; b = b[16:] {
		h1 ^= scramble64(binary.LittleEndian.Uint64(b), c1, 31, c2)
		h1 = (bits.RotateLeft64(h1, 27)+h2)*5 + 0x52dce729
		h2 ^= scramble64(binary.LittleEndian.Uint64(b[8:]), c2, 33, c1)
		h2 = (bits.RotateLeft64(h2, 31)+h1)*5 + 0x38495ab5
	}
	var tail [16]byte
	copy(tail[:], b)
	h1 ^= scramble64(binary.LittleEndian.Uint64(tail[:]), c1, 31, c2) ^ size
	h2 ^= scramble64(binary.LittleEndian.Uint64(tail[8:]), c2, 33, c1) ^ size
	h1 += h2
	h2 += h1
	h1, h2 = Finalize(h1), Finalize(h2)
	h1 += h2
	return h1, h2 + h1
}

// murmur128x86 returns MurmurHash3_x86_128 as two words, each made of two 32-bit
// words, the first in the low half.
func murmur128x86(b []byte, seed uint32) (low, high uint64) {
	const c1, c2, c3, c4 = 0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93
	h1, h2, h3, h4, size := seed, seed, seed, seed, uint32(len(b))
	for ; len(b) >= 16; b = b[16:] {
		h1 ^= scramble32(binary.LittleEndian.Uint32(b), c1, 15, c2)
		h1 = (bits.RotateLeft32(h1, 19)+h2)*5 + 0x561ccd1b
		h2 ^= scramble32(binary.LittleEndian.Uint32(b[4:]), c2, 16, c3)
		h2 = (bits.RotateLeft32(h2, 17)+h3)*5 + 0x0bcaa747
		h3 ^= scramble32(binary.LittleEndian.Uint32(b[8:]), c3, 17, c4)
		h3 = (bits.RotateLeft32(h3, 15)+h4)*5 + 0x96cd1c35
		h4 ^= scramble32(binary.LittleEndian.Uint32(b[12:]), c4, 18, c1)
		h4 = (bits.RotateLeft32(h4, 13)+h1)*5 + 0x32ac3b17
	}
	var tail [16]byte
	copy(tail[:], b)
	h1 ^= scramble32(binary.LittleEndian.Uint32(tail[:]), c1, 15, c2) ^ size
	h2 ^= scramble32(binary.LittleEndian.Uint32(tail[4:]), c2, 16, c3) ^ size
	h3 ^= scramble32(binary.LittleEndian.Uint32(tail[8:]), c3, 17, c4) ^ size
	h4 ^= scramble32(binary.LittleEndian.Uint32(tail[12:]), c4, 18, c1) ^ size
	h1 += h2 + h3 + h4
	h2, h3, h4 = h2+h1, h3+h1, h4+h1
	h1, h2, h3, h4 = finalize32(h1), finalize32(h2), finalize32(h3), finalize32(h4)
	h1 += h2 + h3 + h4
	h2, h3, h4 = h2+h1, h3+h1, h4+h1
	return uint64(h2)<<32 | uint64(h1), uint64(h4)<<32 | uint64(h3)
}

func scramble32(k, before uint32, rotate int, after uint32) uint32 {
	return bits.RotateLeft32(k*before, rotate) * after
}

func scramble64(k, before uint64, rotate int, after uint64) uint64 {
	return bits.RotateLeft64(k*before, rotate) * after
}

func finalize32(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}
