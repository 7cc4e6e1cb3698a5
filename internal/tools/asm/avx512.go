package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx512 writes functions for AVX-512 with F, BW, DQ and VL.
type avx512 struct{ *file }

const (
	lanes   = 8  // 64-bit lanes of a vector
	pair    = 2  // vectors that a step works on
	perStep = 16 // keys that a step works on
	perLoad = 4  // words that are loaded from a key at once
)

// Predicates of VPCMPUQ; the first operand is on the right of the relation.
const (
	equal       = U8(0)
	lessOrEqual = U8(2)
	greater     = U8(6)
)

// spread loads a 64-bit parameter into all lanes of a vector.
func (c avx512) spread(name string) reg.VecVirtual {
	z := c.ZMM()
	c.VPBROADCASTQ(c.word(name), z)
	return z
}

// keys is a vector of eight keys that are read a few words at a time.
type keys struct {
	c      avx512
	base   reg.GPVirtual // of 8 strings
	at     int           // offset from base
	masks  Mem           // memory for eight masks of bytes
	length reg.VecVirtual
	left   reg.VecVirtual // bytes that were not loaded yet; negative beyond the end
	blocks reg.VecVirtual // complete blocks of the hash function
	words  [perLoad]reg.VecVirtual
	active reg.OpmaskVirtual // lanes that have a block of the current number
}

// open loads the lengths of the strings, which a permutation picks.
func (k *keys) open(lengths Mem) {
	k.length, k.left = k.c.ZMM(), k.c.ZMM()
	k.c.VMOVDQU64(lengths, k.length)
	first := k.c.ZMM()
	k.c.VMOVDQU64(k.string(0), first)
	k.c.VPERMI2Q(k.string(4), first, k.length)
	k.c.VMOVDQA64(k.length, k.left)
}

func (k *keys) string(i int) Mem { return Mem{Base: k.base, Disp: k.at + 16*i} }

// load loads the next four words of every key. It reads no byte beyond the end of
// a key: there the words are zero.
//
// A key becomes a row of four words, two rows a vector, and the vectors are
// transposed.
func (k *keys) load(offset reg.GPVirtual, one, size Mem, zero reg.VecVirtual) {
	c := k.c
	bytes, mask := c.ZMM(), c.ZMM()
	c.VPMAXSQ(zero, k.left, bytes)
	c.VPMINUQ_BCST(size, bytes, bytes)
	c.VPBROADCASTQ(one, mask)
	c.VPSLLVQ(bytes, mask, mask)
	c.VPSUBQ_BCST(one, mask, mask)
	c.VMOVDQU64(mask, k.masks)
	c.VPSUBQ_BCST(size, k.left, k.left)

	row := func(i int) reg.VecVirtual {
		m, p, y := c.K(), c.GP64(), c.YMM()
		c.KMOVD(k.masks.Offset(8*i), m)
		c.MOVQ(k.string(i), p)
		c.VMOVDQU8_Z(Mem{Base: p, Index: offset, Scale: 1}, m, y)
		return y
	}
	rows := func(i, j int) reg.VecVirtual {
		low, high := row(i), row(j)
		z := c.ZMM()
		c.VINSERTI64X4(U8(1), high, low.AsZ(), z)
		return z
	}
	half := func(i int) (even, odd reg.VecVirtual) {
		a, b := rows(i, i+2), rows(i+1, i+3)
		even, odd = c.ZMM(), c.ZMM()
		c.VPUNPCKLQDQ(b, a, even)
		c.VPUNPCKHQDQ(b, a, odd)
		return even, odd
	}
	even, odd := half(0)
	even2, odd2 := half(4)
	for i := range k.words {
		k.words[i] = c.ZMM()
	}
	c.VSHUFI64X2(U8(0x88), even2, even, k.words[0])
	c.VSHUFI64X2(U8(0x88), odd2, odd, k.words[1])
	c.VSHUFI64X2(U8(0xdd), even2, even, k.words[2])
	c.VSHUFI64X2(U8(0xdd), odd2, odd, k.words[3])
}
