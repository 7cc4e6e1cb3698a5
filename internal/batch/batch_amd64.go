//go:build amd64 && !purego

package batch

import "golang.org/x/sys/cpu"

//go:generate go -C ../tools/asm run .

// haveAVX512 reports AVX-512 with 64-bit multiplication (DQ) and masks of bytes
// (BW), in vectors of all lengths (VL).
var haveAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL

// haveAVX2 reports AVX2. It is used where there is no AVX-512.
var haveAVX2 = cpu.X86.HasAVX2

// available reports whether run hashes the keys.
func (h hasher) available(keys []string) bool {
	return haveAVX512 || haveAVX2 && (h.function != murmur32 || countable(keys))
}

// countable reports whether the number of blocks of every key fits the signed 32 bits
// of murmur32x256.
func countable(keys []string) bool {
	lengths := 0
	for _, key := range keys {
		lengths |= len(key)
	}
	return lengths < 4<<31
}

// run hashes whole groups of keys.
func (h hasher) run(low, high []uint64, keys []string) {
	switch {
	case !haveAVX512:
		h.run256(low, high, keys)
	case h.function == murmur32:
		murmur32x512(&low[0], &keys[0], len(keys), h.k0)
	case h.function == murmur128:
		murmur128x512(&low[0], &high[0], &keys[0], len(keys), h.k0)
	default:
		sipHash512(&low[0], &keys[0], len(keys), h.k0, h.k1)
	}
}

func haveBest() bool { return haveAVX512 || haveAVX2 }

// best is Best for whole groups of hashes.
func best(at []uint32, hashes, seeds []uint64) {
	if haveAVX512 {
		best512(&at[0], &hashes[0], len(hashes), &seeds[0], len(seeds))
	} else {
		best256(&at[0], &hashes[0], len(hashes), &seeds[0], len(seeds))
	}
}

// bound is Bound for whole groups of hashes.
func bound(at []uint32, next []float64, hashes, seeds []uint64, inverse []float64) {
	if haveAVX512 {
		bound512(&at[0], &next[0], &hashes[0], len(hashes), &seeds[0], &inverse[0], len(seeds))
	} else {
		bound256(&at[0], &next[0], &hashes[0], len(hashes), &seeds[0], &inverse[0], len(seeds))
	}
}

// fewOf returns the form for the n best nodes. Without AVX-512 there are registers for
// up to four.
func fewOf(n int) (form fewForm, ok bool) {
	switch {
	case haveAVX512 && n <= 4:
		return fewForm{keys: 16, dense: 40}, true
	case haveAVX512:
		return fewForm{keys: 8, dense: 20}, n <= MaxFew
	default:
		return fewForm{keys: 4, dense: 10}, haveAVX2 && n <= 4
	}
}

// fewBest is Few for groups of hashes, with the indices in the order of the assembly.
func fewBest(at *uint32, hashes *uint64, groups int, seeds []uint64, n, dense int) {
	if !haveAVX512 {
		n += avx2Few
	}
	switch n {
	case 2:
		few2x512(at, hashes, groups, &seeds[0], len(seeds), dense)
	case 3:
		few3x512(at, hashes, groups, &seeds[0], len(seeds), dense)
	case 4:
		few4x512(at, hashes, groups, &seeds[0], len(seeds), dense)
	case 5:
		few5x512(at, hashes, groups, &seeds[0], len(seeds), dense)
	case 6:
		few6x512(at, hashes, groups, &seeds[0], len(seeds), dense)
	case 7:
		few7x512(at, hashes, groups, &seeds[0], len(seeds), dense)
	case 8:
		few8x512(at, hashes, groups, &seeds[0], len(seeds), dense)
	case avx2Few + 2:
		few2x256(at, hashes, groups, &seeds[0], len(seeds), dense)
	case avx2Few + 3:
		few3x256(at, hashes, groups, &seeds[0], len(seeds), dense)
	case avx2Few + 4:
		few4x256(at, hashes, groups, &seeds[0], len(seeds), dense)
	}
}

// haveFewBounds reports whether fewBounds works.
func haveFewBounds() bool { return haveAVX512 }

// fewBounds is FewBounds for groups of hashes, with the indices in the order of the
// assembly.
func fewBounds(at *uint32, next *float64, hashes *uint64, groups int, seeds []uint64, inverse []float64, n, dense int) {
	switch n {
	case 3:
		bounds3x512(at, next, hashes, groups, &seeds[0], &inverse[0], len(seeds), dense)
	case 4:
		bounds4x512(at, next, hashes, groups, &seeds[0], &inverse[0], len(seeds), dense)
	case 5:
		bounds5x512(at, next, hashes, groups, &seeds[0], &inverse[0], len(seeds), dense)
	}
}

// avx2Few is what fewBest adds to a number of nodes without AVX-512.
const avx2Few = MaxFew

//go:noescape
func sipHash512(sums *uint64, keys *string, n int, k0, k1 uint64)

//go:noescape
func murmur32x512(sums *uint64, keys *string, n int, seed uint64)

//go:noescape
func murmur128x512(low, high *uint64, keys *string, n int, seed uint64)

//go:noescape
func best512(at *uint32, hashes *uint64, n int, seeds *uint64, nodes int)

//go:noescape
func best256(at *uint32, hashes *uint64, n int, seeds *uint64, nodes int)

//go:noescape
func bound512(at *uint32, second *float64, hashes *uint64, n int, seeds *uint64, inverse *float64, nodes int)

//go:noescape
func bound256(at *uint32, second *float64, hashes *uint64, n int, seeds *uint64, inverse *float64, nodes int)

//go:noescape
func few2x512(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few3x512(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few4x512(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few5x512(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few6x512(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few7x512(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few8x512(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few2x256(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few3x256(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func few4x256(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)

//go:noescape
func bounds3x512(at *uint32, next *float64, hashes *uint64, groups int, seeds *uint64, inverse *float64, nodes, dense int)

//go:noescape
func bounds4x512(at *uint32, next *float64, hashes *uint64, groups int, seeds *uint64, inverse *float64, nodes, dense int)

//go:noescape
func bounds5x512(at *uint32, next *float64, hashes *uint64, groups int, seeds *uint64, inverse *float64, nodes, dense int)
