package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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

// bounds writes bounds3x512 and so on, which keep n bounds like few the scores. The
// bits of a positive float64 order as the number, so the complement of the inverse of a
// bound takes the place of the score.
func (c avx512) bounds(n int) {
	e := c.expander()
	c.begin(fmt.Sprintf("bounds%dx512", n), "func(at *uint32, next *float64, hashes *uint64, groups int, seeds *uint64, inverse *float64, nodes, dense int)",
		fmt.Sprintf("bounds%dx512 finds the %d seeds whose weighted scores have the greatest bounds,", n, n),
		"w/(1-u), for groups of 8 hashes: the indices of the best of each hash, then of the",
		"second best of each and so on, and the inverse of the last of the bounds. There are",
		"at least as many seeds. The first dense nodes are scored without branches. dense is",
		"positive, and at most nodes.")
	out, last, in, groups := c.word("at"), c.word("next"), c.word("hashes"), c.word("groups")
	seeds, inverse, nodes, dense := c.word("seeds"), c.word("inverse"), c.word("nodes"), c.word("dense")
	one, b := c.ZMM(), c.inverter()
	c.VPBROADCASTQ(e.one, one)

	c.Label("step")
	s := c.sorted(e.expand(Mem{Base: in}), n)
	number, i := c.ZMM(), c.GP64()
	c.VPXORQ(number, number, number)
	c.XORQ(i, i)

	q := c.ZMM()
	score := func() {
		weight := c.ZMM()
		c.VPBROADCASTQ(Mem{Base: seeds, Index: i, Scale: 8}, q)
		c.VBROADCASTSD(Mem{Base: inverse, Index: i, Scale: 8}, weight)
		c.VPXORQ(s.k, q, q)
		c.VPMULLQ(s.m, q, q)
		b.invert(q, weight)
		c.VPTERNLOGQ(complement, q, q, q)
	}
	next := func(limit reg.GPVirtual) {
		c.VPADDQ(one, number, number)
		c.INCQ(i)
		c.CMPQ(i, limit)
	}

	c.Label("dense")
	score()
	s.insert(c, q, number)
	next(dense)
	c.JB(LabelRef("dense"))
	c.CMPQ(i, nodes)
	c.JAE(LabelRef("done"))

	c.Label("sparse")
	score()
	more := c.K()
	c.VPCMPUQ(greater, s.tops[n-1], q, more)
	c.KTESTB(more, more)
	c.JZ(LabelRef("next"))
	s.insert(c, q, number)
	c.Label("next")
	next(nodes)
	c.JB(LabelRef("sparse"))

	c.Label("done")
	for r, at := range s.ats {
		c.VPMOVQD(at, Mem{Base: out, Disp: 32 * r})
	}
	c.VPTERNLOGQ(complement, s.tops[n-1], s.tops[n-1], s.tops[n-1])
	c.VMOVUPD(s.tops[n-1], Mem{Base: last})
	c.ADDQ(U32(lanes*8), in)
	c.ADDQ(U32(lanes*8), last)
	c.ADDQ(U32(lanes*4*n), out)
	c.DECQ(groups)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// complement is the table of VPTERNLOGQ for the complement of three equal operands.
const complement = U8(0x55)

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
