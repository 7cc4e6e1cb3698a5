package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// golden is 2^64 divided by the golden ratio.
const golden = 0x9e3779b97f4a7c15

// mixer is what eight hashes expand to: seeds are added by exclusive or to k and
// multiplied by m.
type mixer struct{ k, m reg.VecVirtual }

// expander holds the constants of the expansion.
type expander struct {
	c                          avx512
	first, second, golden, one Mem
}

func (c avx512) expander() expander {
	return expander{
		c:      c,
		first:  c.constant("first", 0xff51afd7ed558ccd),
		second: c.constant("second", 0xc4ceb9fe1a85ec53),
		golden: c.constant("golden", golden),
		one:    c.constant("one", 1),
	}
}

// expand loads eight hashes and expands them.
func (e expander) expand(hashes Mem) mixer {
	c := e.c
	x := mixer{k: c.ZMM(), m: c.ZMM()}
	c.VMOVDQU64(hashes, x.k)
	e.finalize(x.k)
	c.VPADDQ_BCST(e.golden, x.k, x.m)
	e.finalize(x.m)
	c.VPORQ_BCST(e.one, x.m, x.m)
	return x
}

// finalize is the 64-bit finalizer of MurmurHash3.
func (e expander) finalize(z reg.VecVirtual) {
	c, shifted := e.c, e.c.ZMM()
	shift := func() {
		c.VPSRLQ(U8(33), z, shifted)
		c.VPXORQ(shifted, z, z)
	}
	shift()
	c.VPMULLQ_BCST(e.first, z, z)
	shift()
	c.VPMULLQ_BCST(e.second, z, z)
	shift()
}

// best writes best512. A lane changes only for a greater score, so it keeps the
// smallest index.
func (c avx512) best() {
	e := c.expander()
	c.begin("best512", "func(at *uint32, hashes *uint64, n int, seeds *uint64, nodes int)",
		"best512 finds the index of the seed with the greatest score for each of n",
		"hashes, a positive multiple of 16. There is at least one seed.")
	out, in, n := c.word("at"), c.word("hashes"), c.word("n")
	seeds, nodes := c.word("seeds"), c.word("nodes")
	one := c.ZMM()
	c.VPBROADCASTQ(e.one, one)

	c.Label("step")
	var xs [pair]mixer
	var tops, ats [pair]reg.VecVirtual
	for i := range xs {
		xs[i] = e.expand(Mem{Base: in, Disp: 64 * i})
		tops[i], ats[i] = c.ZMM(), c.ZMM()
		c.VPXORQ(tops[i], tops[i], tops[i])
		c.VPXORQ(ats[i], ats[i], ats[i])
	}
	number, i := c.ZMM(), c.GP64()
	c.VPXORQ(number, number, number)
	c.XORQ(i, i)

	c.Label("node")
	seed := c.ZMM()
	c.VPBROADCASTQ(Mem{Base: seeds, Index: i, Scale: 8}, seed)
	var scores [pair]reg.VecVirtual
	for j, x := range xs {
		scores[j] = c.ZMM()
		c.VPXORQ(seed, x.k, scores[j])
		c.VPMULLQ(x.m, scores[j], scores[j])
	}
	for j, score := range scores {
		more := c.K()
		c.VPCMPUQ(greater, tops[j], score, more)
		c.VMOVDQA64(score, more, tops[j])
		c.VMOVDQA64(number, more, ats[j])
	}
	c.VPADDQ(one, number, number)
	c.INCQ(i)
	c.CMPQ(i, nodes)
	c.JB(LabelRef("node"))

	for j, at := range ats {
		c.VPMOVQD(at, Mem{Base: out, Disp: 32 * j})
	}
	c.ADDQ(U32(perStep*8), in)
	c.ADDQ(U32(perStep*4), out)
	c.SUBQ(U8(perStep), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

const (
	exponent = 0x433 << 52 // of the numbers from 2^52 to 2^53
	fraction = 1<<52 - 1   // the other bits
	infinite = 0x7ff << 52
)

// lessThan is a predicate of VCMPPD; the first operand is on the right.
const lessThan = U8(1)

// inverter turns scores into inverses of bounds.
type inverter struct {
	c              avx512
	flips, offsets reg.VecVirtual
}

func (c avx512) inverter() inverter {
	b := inverter{c: c, flips: c.ZMM(), offsets: c.ZMM()}
	c.VPBROADCASTQ(c.constant("flip", exponent|fraction), b.flips)
	c.VPBROADCASTQ(c.constant("offset", exponent), b.offsets)
	return b
}

// invert replaces the scores q by (1-u)/w. A raw score of r has u = r/2^64, and 1-u in
// units of 2^-52 becomes a float64 by way of the bits of a number that is 2^52 greater.
func (b inverter) invert(q, weight reg.VecVirtual) {
	b.c.VPSRLQ(U8(12), q, q)
	b.c.VPXORQ(b.flips, q, q)
	b.c.VSUBPD(b.offsets, q, q)
	b.c.VMULPD(weight, q, q)
}

// bound writes bound512.
func (c avx512) bound() {
	e := c.expander()
	infinity := c.constant("infinity", infinite)
	c.begin("bound512", "func(at *uint32, second *float64, hashes *uint64, n int, seeds *uint64, inverse *float64, nodes int)",
		"bound512 finds the seed whose weighted score has the greatest bound, w/(1-u), for",
		"each of n hashes, a positive multiple of 16: its index, and the inverse of the",
		"second greatest bound. There is at least one seed.")
	out, second, in, n := c.word("at"), c.word("second"), c.word("hashes"), c.word("n")
	seeds, inverse, nodes := c.word("seeds"), c.word("inverse"), c.word("nodes")
	one, b := c.ZMM(), c.inverter()
	c.VPBROADCASTQ(e.one, one)

	c.Label("step")
	var xs [pair]mixer
	var firsts, seconds, ats [pair]reg.VecVirtual
	for i := range xs {
		xs[i] = e.expand(Mem{Base: in, Disp: 64 * i})
		firsts[i], seconds[i], ats[i] = c.ZMM(), c.ZMM(), c.ZMM()
		c.VPBROADCASTQ(infinity, firsts[i])
		c.VPBROADCASTQ(infinity, seconds[i])
		c.VPXORQ(ats[i], ats[i], ats[i])
	}
	number, i := c.ZMM(), c.GP64()
	c.VPXORQ(number, number, number)
	c.XORQ(i, i)

	c.Label("node")
	seed, weight := c.ZMM(), c.ZMM()
	c.VPBROADCASTQ(Mem{Base: seeds, Index: i, Scale: 8}, seed)
	c.VBROADCASTSD(Mem{Base: inverse, Index: i, Scale: 8}, weight)
	for j, x := range xs {
		q, larger, less := c.ZMM(), c.ZMM(), c.K()
		c.VPXORQ(seed, x.k, q)
		c.VPMULLQ(x.m, q, q)
		b.invert(q, weight)
		c.VCMPPD(lessThan, firsts[j], q, less)
		c.VMAXPD(q, firsts[j], larger)
		c.VMINPD(larger, seconds[j], seconds[j])
		c.VMINPD(q, firsts[j], firsts[j])
		c.VMOVDQA64(number, less, ats[j])
	}
	c.VPADDQ(one, number, number)
	c.INCQ(i)
	c.CMPQ(i, nodes)
	c.JB(LabelRef("node"))

	for j := range xs {
		c.VPMOVQD(ats[j], Mem{Base: out, Disp: 32 * j})
		c.VMOVUPD(seconds[j], Mem{Base: second, Disp: 64 * j})
	}
	c.ADDQ(U32(perStep*8), in)
	c.ADDQ(U32(perStep*8), second)
	c.ADDQ(U32(perStep*4), out)
	c.SUBQ(U8(perStep), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}
