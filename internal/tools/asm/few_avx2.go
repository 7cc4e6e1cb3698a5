package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// few writes few2x256 and so on, which are like few2x512 for one vector of keys.
func (c avx2) few(n int) {
	c.begin(fmt.Sprintf("few%dx256", n), "func(at *uint32, hashes *uint64, groups int, seeds *uint64, nodes, dense int)",
		fmt.Sprintf("few%dx256 finds the indices of the seeds with the %d greatest scores for groups of", n, n),
		"4 hashes: the best of each hash of a group, then the second best of each and so",
		"on, all ones if its score is 0. The first dense nodes are scored without branches.",
		"dense is positive, and at most nodes.")
	out, in, groups := c.word("at"), c.word("hashes"), c.word("groups")
	seeds, nodes, dense := c.word("seeds"), c.word("nodes"), c.word("dense")
	k, m, swapped := c.AllocLocal(32), c.AllocLocal(32), c.AllocLocal(32)

	c.Label("step")
	x := c.expand(Mem{Base: in})
	c.VPXOR(c.four("sign", 1<<63), x.k, x.k) // as in best
	c.VMOVDQU(x.k, k)
	c.VMOVDQU(x.m, m)
	c.VMOVDQU(x.swapped, swapped)
	var tops, ats []reg.VecVirtual
	for range n {
		top, at := c.YMM(), c.YMM()
		c.VMOVDQU(c.four("sign", 1<<63), top)
		c.VPCMPEQQ(at, at, at) // all ones
		tops, ats = append(tops, top), append(ats, at)
	}
	number, i, score := c.YMM(), c.GP64(), c.YMM()
	c.VPXOR(number, number, number)
	c.XORQ(i, i)

	compute := func() {
		c.VPBROADCASTQ(Mem{Base: seeds, Index: i, Scale: 8}, score)
		c.VPXOR(k, score, score)
		c.multiply(score, m, swapped)
	}
	compare := func(r int) reg.VecVirtual {
		more := c.YMM()
		c.VPCMPGTQ(tops[r], score, more)
		return more
	}
	insert := func() {
		more := compare(n - 1)
		for r := n - 1; r >= 0; r-- {
			c.VBLENDVPD(more, score, tops[r], tops[r])
			c.VBLENDVPD(more, number, ats[r], ats[r])
			if r > 0 {
				more = compare(r - 1)
				c.VBLENDVPD(more, tops[r-1], tops[r], tops[r])
				c.VBLENDVPD(more, ats[r-1], ats[r], ats[r])
			}
		}
	}
	next := func(limit reg.GPVirtual) {
		c.VPADDQ(c.four("one", 1), number, number)
		c.INCQ(i)
		c.CMPQ(i, limit)
	}

	c.Label("dense")
	compute()
	insert()
	next(dense)
	c.JB(LabelRef("dense"))
	c.CMPQ(i, nodes)
	c.JAE(LabelRef("done"))

	c.Label("sparse")
	compute()
	more := compare(n - 1)
	c.VPTEST(more, more)
	c.JZ(LabelRef("next"))
	insert()
	c.Label("next")
	next(nodes)
	c.JB(LabelRef("sparse"))

	c.Label("done")
	for r, at := range ats {
		c.storeNarrow(at, Mem{Base: out, Disp: 16 * r})
	}
	c.ADDQ(U8(lanes2*8), in)
	c.ADDQ(U8(lanes2*4*n), out)
	c.DECQ(groups)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}
