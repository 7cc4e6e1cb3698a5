package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sip2 is the state of SipHash over four keys.
type sip2 struct {
	words2
	v     [4]reg.VecVirtual
	done  Mem // the states of the keys that have ended
	ended reg.VecVirtual
}

// sipHash writes sipHash256. A lane whose key has ended goes on with zeros; its state is
// stored before.
func (c avx2) sipHash() {
	c.begin("sipHash256", "func(sums *uint64, keys *string, last *uint64, n int, k0, k1 uint64)",
		"sipHash256 hashes n keys, a positive multiple of 8, by SipHash-2-4. The last word",
		"of each key follows its complete words, without the length. If last is nil, no key",
		"has less than eight bytes.")
	out, in, last, n := c.word("sums"), c.word("keys"), c.word("last"), c.word("n")
	first := c.AllocLocal(4 * 32)
	for i, magic := range []uint64{0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573} {
		y := c.spread([]string{"k0", "k1"}[i%2])
		c.VPXOR(c.four("magic"+string(rune('0'+i)), magic), y, y)
		c.VMOVDQU(y, first.Offset(32*i))
	}
	var states [pair]*sip2
	var keys [pair]*words2
	for i := range states {
		states[i] = &sip2{words2: c.words(i), done: c.AllocLocal(4 * 32)}
		keys[i] = &states[i].words2
	}

	c.Label("step")
	c.openPair(keys, in, last)
	for _, s := range states {
		c.VPSLLQ(U8(56), s.length, s.length)
		c.VPOR(s.last, s.length, s.length)
		c.VMOVDQU(s.length, s.last)
		for i := range s.v {
			s.v[i] = c.YMM()
			c.VMOVDQU(first.Offset(32*i), s.v[i])
		}
	}
	offset, number := c.GP64(), c.YMM()
	c.XORQ(offset, offset)
	c.VPXOR(number, number, number)

	c.Label("load")
	for _, s := range states {
		s.load(in, offset, number)
	}
	for i := range perLoad {
		if i > 0 {
			c.finishAfter(keys, number)
		}
		for _, s := range states {
			s.add(i, number)
		}
		c.store(states, fmt.Sprintf("next%d", i))
		c.VPADDQ(c.four("one", 1), number, number)
	}
	c.ADDQ(U8(8*perLoad), offset)
	c.finishAfter(keys, number)
	c.JMP(LabelRef("load"))

	c.Label("finish")
	for _, s := range states {
		for i := range s.v {
			c.VMOVDQU(s.done.Offset(32*i), s.v[i])
		}
		c.VPXOR(c.four("final", 0xff), s.v[2], s.v[2])
	}
	for range 4 {
		for _, s := range states {
			s.round()
		}
	}
	for i, s := range states {
		c.VPXOR(s.v[1], s.v[0], s.v[0])
		c.VPXOR(s.v[3], s.v[2], s.v[2])
		c.VPXOR(s.v[2], s.v[0], s.v[0])
		c.VMOVDQU(s.v[0], Mem{Base: out, Disp: 32 * i})
	}
	c.ADDQ(U32(perStep2*16), in)
	c.ADDQ(U32(perStep2*8), out)
	c.SUBQ(U8(perStep2), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// add adds word i of those that were loaded, or the last word.
func (s *sip2) add(i int, number reg.VecVirtual) {
	var word reg.VecVirtual
	word, s.ended = s.word(i, number)
	s.c.VPXOR(word, s.v[3], s.v[3])
	s.round()
	s.round()
	s.c.VPXOR(word, s.v[0], s.v[0])
}

// store keeps the states of the keys that the last word ended. It branches only
// once for all of them: some key of different lengths mostly ends here.
func (c avx2) store(states [pair]*sip2, label string) {
	ended := c.YMM()
	c.VPOR(states[0].ended, states[1].ended, ended)
	c.VPTEST(ended, ended)
	c.JZ(LabelRef(label))
	for _, s := range states {
		for i, v := range s.v {
			y := c.YMM()
			c.VMOVDQU(s.done.Offset(32*i), y)
			c.VPBLENDVB(s.ended, v, y, y)
			c.VMOVDQU(y, s.done.Offset(32*i))
		}
	}
	c.Label(label)
}

func (s *sip2) round() {
	c, v, t := s.c, s.v, s.c.YMM()
	add := func(i, j int) { c.VPADDQ(v[j], v[i], v[i]) }
	xor := func(i, j int) { c.VPXOR(v[j], v[i], v[i]) }
	rotate := func(i int, by uint8) { c.rotate(v[i], v[i], t, by) }
	swap := func(i int) { c.VPSHUFD(U8(0xb1), v[i], v[i]) } // rotates by 32
	add(0, 1)
	add(2, 3)
	rotate(1, 13)
	c.VPSHUFB(c.constant("by16", 0x0504030201000706, 0x0d0c0b0a09080f0e, 0x0504030201000706, 0x0d0c0b0a09080f0e), v[3], v[3])
	xor(1, 0)
	xor(3, 2)
	swap(0)
	add(2, 1)
	add(0, 3)
	rotate(1, 17)
	rotate(3, 21)
	xor(1, 2)
	xor(3, 0)
	swap(2)
}

// rotate rotates 64-bit lanes to the left.
func (c avx2) rotate(from, to, low reg.VecVirtual, by uint8) {
	c.VPSRLQ(U8(64-by), from, low)
	c.VPSLLQ(U8(by), from, to)
	c.VPOR(low, to, to)
}
