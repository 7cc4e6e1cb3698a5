package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx2 writes functions for AVX2: four lanes a vector, and no masks.
type avx2 struct{ *file }

const (
	lanes2   = 4
	perStep2 = 8 // keys that a step works on, in two vectors
)

// spread loads a 64-bit parameter into all lanes of a vector.
func (c avx2) spread(name string) reg.VecVirtual {
	y := c.YMM()
	c.VPBROADCASTQ(c.ParamAddr(name), y)
	return y
}

// ParamAddr returns the address of a parameter.
func (c avx2) ParamAddr(name string) Mem {
	b, err := c.Param(name).Resolve()
	if err != nil {
		panic(err) // the generator names a parameter that does not exist
	}
	return b.Addr
}

// four repeats a 64-bit constant in all lanes.
func (c avx2) four(name string, v uint64) Mem { return c.constant(name, v, v, v, v) }

// mixer2 is the mixer of four hashes. The halves of m are also kept exchanged.
type mixer2 struct{ k, m, swapped reg.VecVirtual }

// expand loads four hashes and expands them.
func (c avx2) expand(hashes Mem) mixer2 {
	x := mixer2{k: c.YMM(), m: c.YMM(), swapped: c.YMM()}
	c.VMOVDQU(hashes, x.k)
	c.finalize(x.k)
	c.VPADDQ(c.four("golden", golden), x.k, x.m)
	c.finalize(x.m)
	c.VPOR(c.four("one", 1), x.m, x.m)
	c.VPSHUFD(U8(0xb1), x.m, x.swapped)
	return x
}

func (c avx2) finalize(y reg.VecVirtual) {
	shifted := c.YMM()
	shift := func() {
		c.VPSRLQ(U8(33), y, shifted)
		c.VPXOR(shifted, y, y)
	}
	times := func(name string, v uint64) {
		c.multiply(y, c.four(name, v), c.four(name+"swapped", v<<32|v>>32))
	}
	shift()
	times("first", 0xff51afd7ed558ccd)
	shift()
	times("second", 0xc4ceb9fe1a85ec53)
	shift()
}

// multiply multiplies y by m. AVX2 has products of 32-bit halves only.
func (c avx2) multiply(y reg.VecVirtual, m, swapped Op) {
	mixed, shifted := c.YMM(), c.YMM()
	c.VPMULLD(swapped, y, mixed) // the low halves of both mixed products
	c.VPSLLQ(U8(32), mixed, shifted)
	c.VPADDD(shifted, mixed, mixed)
	c.VPXOR(shifted, shifted, shifted)
	c.VPBLENDD(U8(0x55), shifted, mixed, mixed) // their sum, in the high half
	c.VPMULUDQ(m, y, y)
	c.VPADDQ(mixed, y, y)
}

// best writes best256. A lane changes only for a greater score, so it keeps the
// smallest index.
func (c avx2) best() {
	c.begin("best256", "func(at *uint32, hashes *uint64, n int, seeds *uint64, nodes int)",
		"best256 finds the index of the seed with the greatest score for each of n",
		"hashes, a positive multiple of 8. There is at least one seed.")
	out, in, n := c.word("at"), c.word("hashes"), c.word("n")
	seeds, nodes := c.word("seeds"), c.word("nodes")

	c.Label("step")
	var xs [pair]mixer2
	var ks, ms [pair]Mem
	for i := range xs {
		xs[i] = c.expand(Mem{Base: in, Disp: 32 * i})
		ks[i], ms[i] = c.AllocLocal(32), c.AllocLocal(32)
		// The greatest bit of the score flips with that of k, as m is odd. Then
		// signed comparisons order scores.
		c.VPXOR(c.four("sign", 1<<63), xs[i].k, xs[i].k)
		c.VMOVDQU(xs[i].k, ks[i])
		c.VMOVDQU(xs[i].m, ms[i])
	}
	var tops, ats [pair]reg.VecVirtual
	for i := range xs {
		tops[i], ats[i] = c.YMM(), c.YMM()
		c.VMOVDQU(c.four("sign", 1<<63), tops[i])
		c.VPXOR(ats[i], ats[i], ats[i])
	}
	number, one, i := c.YMM(), c.YMM(), c.GP64()
	c.VPXOR(number, number, number)
	c.VMOVDQU(c.four("one", 1), one)
	c.XORQ(i, i)

	c.Label("node")
	seed := c.YMM()
	c.VPBROADCASTQ(Mem{Base: seeds, Index: i, Scale: 8}, seed)
	for j := range xs {
		score, more := c.YMM(), c.YMM()
		c.VPXOR(ks[j], seed, score)
		c.multiply(score, ms[j], xs[j].swapped)
		c.VPCMPGTQ(tops[j], score, more)
		c.VBLENDVPD(more, score, tops[j], tops[j])
		c.VPAND(number, more, more) // a maximum, as numbers grow: a blend takes up to three steps
		c.VPMAXUD(more, ats[j], ats[j])
	}
	c.VPADDQ(one, number, number)
	c.INCQ(i)
	c.CMPQ(i, nodes)
	c.JB(LabelRef("node"))

	for j, at := range ats {
		c.storeNarrow(at, Mem{Base: out, Disp: 16 * j})
	}
	c.ADDQ(U8(perStep2*8), in)
	c.ADDQ(U8(perStep2*4), out)
	c.SUBQ(U8(perStep2), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// bound writes bound256, which is like bound512.
func (c avx2) bound() {
	c.begin("bound256", "func(at *uint32, second *float64, hashes *uint64, n int, seeds *uint64, inverse *float64, nodes int)",
		"bound256 finds the seed whose weighted score has the greatest bound, w/(1-u), for",
		"each of n hashes, a positive multiple of 8: its index, and the inverse of the",
		"second greatest bound. There is at least one seed.")
	out, second, in, n := c.word("at"), c.word("second"), c.word("hashes"), c.word("n")
	seeds, inverse, nodes := c.word("seeds"), c.word("inverse"), c.word("nodes")

	c.Label("step")
	var ks, ms, swapped [pair]Mem
	for i := range ks {
		x := c.expand(Mem{Base: in, Disp: 32 * i})
		ks[i], ms[i], swapped[i] = c.AllocLocal(32), c.AllocLocal(32), c.AllocLocal(32)
		c.VMOVDQU(x.k, ks[i])
		c.VMOVDQU(x.m, ms[i])
		c.VMOVDQU(x.swapped, swapped[i])
	}
	var firsts, seconds, ats [pair]reg.VecVirtual
	for i := range firsts {
		firsts[i], seconds[i], ats[i] = c.YMM(), c.YMM(), c.YMM()
		c.VMOVUPD(c.four("infinity", infinite), firsts[i])
		c.VMOVUPD(c.four("infinity", infinite), seconds[i])
		c.VPXOR(ats[i], ats[i], ats[i])
	}
	number, i := c.YMM(), c.GP64()
	c.VPXOR(number, number, number)
	c.XORQ(i, i)

	c.Label("node")
	seed, weight := c.YMM(), c.YMM()
	c.VPBROADCASTQ(Mem{Base: seeds, Index: i, Scale: 8}, seed)
	c.VBROADCASTSD(Mem{Base: inverse, Index: i, Scale: 8}, weight)
	for j := range ks {
		q, larger, less := c.YMM(), c.YMM(), c.YMM()
		c.VPXOR(ks[j], seed, q)
		c.multiply(q, ms[j], swapped[j])
		c.VPSRLQ(U8(12), q, q)
		c.VPXOR(c.four("flip", exponent|fraction), q, q)
		c.VSUBPD(c.four("offset", exponent), q, q)
		c.VMULPD(weight, q, q)
		c.VCMPPD(lessThan, firsts[j], q, less)
		c.VMAXPD(q, firsts[j], larger)
		c.VMINPD(larger, seconds[j], seconds[j])
		c.VMINPD(q, firsts[j], firsts[j])
		c.VBLENDVPD(less, number, ats[j], ats[j])
	}
	c.VPADDQ(c.four("one", 1), number, number)
	c.INCQ(i)
	c.CMPQ(i, nodes)
	c.JB(LabelRef("node"))

	for j := range ats {
		c.storeNarrow(ats[j], Mem{Base: out, Disp: 16 * j})
		c.VMOVUPD(seconds[j], Mem{Base: second, Disp: 32 * j})
	}
	c.ADDQ(U8(perStep2*8), in)
	c.ADDQ(U8(perStep2*8), second)
	c.ADDQ(U8(perStep2*4), out)
	c.SUBQ(U8(perStep2), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// storeNarrow stores the low halves of four lanes.
func (c avx2) storeNarrow(lanes reg.VecVirtual, to Mem) {
	low := c.YMM()
	c.VMOVDQU(c.constant("evens", 0x0000000200000000, 0x0000000600000004, 0, 0), low)
	c.VPERMD(lanes, low, low)
	c.VMOVDQU(low.AsX(), to)
}
