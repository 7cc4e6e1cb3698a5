package main

import (
	"fmt"

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

// bound writes bound512. A raw score of r has u = r/2^64, and 1-u in units of
// 2^-52 becomes a float64 by way of the bits of a number that is 2^52 greater.
func (c avx512) bound() {
	e := c.expander()
	flip, offset := c.constant("flip", exponent|fraction), c.constant("offset", exponent)
	infinity := c.constant("infinity", infinite)
	c.begin("bound512", "func(at *uint32, second *float64, hashes *uint64, n int, seeds *uint64, inverse *float64, nodes int)",
		"bound512 finds the seed whose weighted score has the greatest bound, w/(1-u), for",
		"each of n hashes, a positive multiple of 16: its index, and the inverse of the",
		"second greatest bound. There is at least one seed.")
	out, second, in, n := c.word("at"), c.word("second"), c.word("hashes"), c.word("n")
	seeds, inverse, nodes := c.word("seeds"), c.word("inverse"), c.word("nodes")
	one, flips, offsets := c.ZMM(), c.ZMM(), c.ZMM()
	c.VPBROADCASTQ(e.one, one)
	c.VPBROADCASTQ(flip, flips)
	c.VPBROADCASTQ(offset, offsets)

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
		c.VPSRLQ(U8(12), q, q)
		c.VPXORQ(flips, q, q)
		c.VSUBPD(offsets, q, q)
		c.VMULPD(weight, q, q)
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

// few writes few2x512 and so on, for the n best. It keeps their scores sorted without
// branches, which most nodes change for one of the keys. After the first nodes few
// do, so the second loop branches. Registers hold the best of two vectors of keys for n
// up to 4, and of one beyond.
func (c avx512) few(n int) {
	vectors := pair
	if n > 4 {
		vectors = 1
	}
	e := c.expander()
	c.begin(fmt.Sprintf("few%dx512", n), "func(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)",
		fmt.Sprintf("few%dx512 finds the indices of the seeds with the %d greatest scores for groups of", n, n),
		fmt.Sprintf("%d hashes: the best of each hash of a group, then the second best of each and so", vectors*lanes),
		"on, all ones if its score is 0. The first dense nodes are scored without branches.",
		"dense is positive, and at most nodes.")
	out, in, groups := c.word("at"), c.word("hashes"), c.word("groups")
	seeds, nodes, dense := c.word("seeds"), c.word("nodes"), c.word("dense")
	one := c.ZMM()
	c.VPBROADCASTQ(e.one, one)

	c.Label("step")
	sorted := make([]sorted512, vectors)
	for j := range sorted {
		sorted[j] = c.sorted(e.expand(Mem{Base: in, Disp: 64 * j}), n)
	}
	number, i := c.ZMM(), c.GP64()
	c.VPXORQ(number, number, number)
	c.XORQ(i, i)

	scores := make([]reg.VecVirtual, vectors)
	score := func() {
		seed := c.ZMM()
		c.VPBROADCASTQ(Mem{Base: seeds, Index: i, Scale: 8}, seed)
		for j, s := range sorted {
			scores[j] = c.ZMM()
			c.VPXORQ(seed, s.k, scores[j])
			c.VPMULLQ(s.m, scores[j], scores[j])
		}
	}
	insert := func() {
		for j, s := range sorted {
			s.insert(c, scores[j], number)
		}
	}
	next := func(limit reg.GPVirtual) {
		c.VPADDQ(one, number, number)
		c.INCQ(i)
		c.CMPQ(i, limit)
	}

	c.Label("dense")
	score()
	insert()
	next(dense)
	c.JB(LabelRef("dense"))
	c.CMPQ(i, nodes)
	c.JAE(LabelRef("done"))

	c.Label("sparse")
	score()
	more := make([]reg.OpmaskVirtual, vectors)
	for j, s := range sorted {
		more[j] = c.K()
		c.VPCMPUQ(greater, s.tops[n-1], scores[j], more[j])
	}
	c.KORTESTB(more[0], more[vectors-1])
	c.JZ(LabelRef("next"))
	insert()
	c.Label("next")
	next(nodes)
	c.JB(LabelRef("sparse"))

	c.Label("done")
	for r := range n {
		for j, s := range sorted {
			c.VPMOVQD(s.ats[r], Mem{Base: out, Disp: 32 * (r*vectors + j)})
		}
	}
	c.ADDQ(U32(vectors*lanes*8), in)
	c.ADDQ(U32(vectors*lanes*4*n), out)
	c.DECQ(groups)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// sorted512 holds the greatest scores of eight hashes, and their nodes.
type sorted512 struct {
	mixer
	tops, ats []reg.VecVirtual
}

// sorted returns n scores of 0 of no node.
func (c avx512) sorted(x mixer, n int) sorted512 {
	s := sorted512{mixer: x}
	for range n {
		top, at := c.ZMM(), c.ZMM()
		c.VPXORQ(top, top, top)
		c.VPTERNLOGQ(U8(0xff), at, at, at) // all ones
		s.tops, s.ats = append(s.tops, top), append(s.ats, at)
	}
	return s
}

// insert inserts the scores of a node.
func (s sorted512) insert(c avx512, score, number reg.VecVirtual) {
	mask := func(r int) reg.OpmaskVirtual {
		more := c.K()
		c.VPCMPUQ(greater, s.tops[r], score, more)
		return more
	}
	more := mask(len(s.tops) - 1)
	for r := len(s.tops) - 1; r >= 0; r-- {
		c.VMOVDQA64(score, more, s.tops[r])
		c.VMOVDQA64(number, more, s.ats[r])
		if r > 0 {
			more = mask(r - 1)
			c.VMOVDQA64(s.tops[r-1], more, s.tops[r])
			c.VMOVDQA64(s.ats[r-1], more, s.ats[r])
		}
	}
}
