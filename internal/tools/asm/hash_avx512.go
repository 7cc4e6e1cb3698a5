package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// hasher is the state of a hash function over eight keys.
type hasher interface {
	input() *keys
	// start sets the state for keys whose lengths are in the input.
	start()
	// add adds the blocks of a number, of which these are the words.
	add(words []reg.VecVirtual, number reg.VecVirtual)
	// finish stores the results at an index.
	finish(index int)
}

// hash writes the loop of a hash function over blocks of one or two words. The
// block after the last complete one holds the rest of the key, made up with zeros.
// A lane whose key has ended keeps its state, because all steps are masked.
func (c avx512) hash(in, n reg.GPVirtual, states [pair]hasher, blockWords int, advance func()) {
	one := c.constant("one", 1)
	size := c.constant("size", 8*perLoad)
	lengths := c.constant("lengths", 1, 3, 5, 7, 9, 11, 13, 15)
	zero := c.ZMM()
	c.VPXORQ(zero, zero, zero)
	for i, s := range states {
		*s.input() = keys{c: c, base: in, at: i * lanes * 16, masks: c.AllocLocal(64)}
	}

	c.Label("step")
	for _, s := range states {
		k := s.input()
		k.open(lengths)
		k.blocks = c.ZMM()
		c.VPSRLQ(U8(2+blockWords), k.length, k.blocks) // eight bytes a word
		s.start()
	}
	offset, number := c.GP64(), c.ZMM()
	c.XORQ(offset, offset)
	c.VPXORQ(number, number, number)

	c.Label("load")
	for _, s := range states {
		s.input().load(offset, one, size, zero)
	}
	for at := 0; at < perLoad; at += blockWords {
		c.activate(states, number)
		if at > 0 {
			c.KORTESTB(states[0].input().active, states[1].input().active)
			c.JZ(LabelRef("finish"))
		}
		for _, s := range states {
			s.add(s.input().words[at:at+blockWords], number)
		}
		c.VPADDQ_BCST(one, number, number)
	}
	c.ADDQ(U8(8*perLoad), offset)
	c.activate(states, number)
	c.KORTESTB(states[0].input().active, states[1].input().active)
	c.JNZ(LabelRef("load"))

	c.Label("finish")
	for i, s := range states {
		s.finish(i)
	}
	c.ADDQ(U32(perStep*16), in)
	advance()
	c.SUBQ(U8(perStep), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// activate finds the lanes whose key has a block of this number.
func (c avx512) activate(states [pair]hasher, number reg.VecVirtual) {
	for _, s := range states {
		k := s.input()
		k.active = c.K()
		c.VPCMPUQ(lessOrEqual, k.blocks, number, k.active)
	}
}

// sip is the state of SipHash.
type sip struct {
	keys
	out   reg.GPVirtual
	first [4]reg.VecVirtual // the state of an empty key
	final Mem
	v     [4]reg.VecVirtual
	top   reg.VecVirtual // the lengths, in the top byte
}

// sipHash writes sipHash512.
func (c avx512) sipHash() {
	final := c.constant("final", 0xff)
	c.begin("sipHash512", "func(sums *uint64, keys *string, n int, k0, k1 uint64)",
		"sipHash512 hashes n keys, a positive multiple of 16, by SipHash-2-4.")
	out, in, n := c.word("sums"), c.word("keys"), c.word("n")
	key := [2]reg.VecVirtual{c.spread("k0"), c.spread("k1")}
	var first [4]reg.VecVirtual
	for i, magic := range []uint64{0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573} {
		r := c.GP64()
		c.MOVQ(U64(magic), r)
		first[i] = c.ZMM()
		c.VPBROADCASTQ(r, first[i])
		c.VPXORQ(key[i%2], first[i], first[i])
	}
	var states [pair]hasher
	for i := range states {
		states[i] = &sip{out: out, first: first, final: final}
	}
	c.hash(in, n, states, 1, func() { c.ADDQ(U32(perStep*8), out) })
}

func (s *sip) input() *keys { return &s.keys }

func (s *sip) start() {
	c := s.c
	s.top = c.ZMM()
	c.VPSLLQ(U8(56), s.length, s.top)
	for i := range s.v {
		s.v[i] = c.ZMM()
		c.VMOVDQA64(s.first[i], s.v[i])
	}
}

// add adds a word. The last word of a key holds its length, too.
func (s *sip) add(words []reg.VecVirtual, number reg.VecVirtual) {
	c, word, last := s.c, words[0], s.c.K()
	c.VPCMPUQ(equal, s.blocks, number, last)
	c.VPORQ(s.top, word, last, word)
	c.VPXORQ(word, s.v[3], s.active, s.v[3])
	s.round(s.active)
	s.round(s.active)
	c.VPXORQ(word, s.v[0], s.active, s.v[0])
}

func (s *sip) finish(index int) {
	c, v := s.c, s.v
	c.VPXORQ_BCST(s.final, v[2], v[2])
	for range 4 {
		s.round(nil)
	}
	c.VPXORQ(v[1], v[0], v[0])
	c.VPTERNLOGQ(U8(0x96), v[3], v[2], v[0]) // exclusive or of three
	c.VMOVDQU64(v[0], Mem{Base: s.out, Disp: 64 * index})
}

// round is one SipRound. A mask limits it to some lanes.
func (s *sip) round(mask Op) {
	c, v := s.c, s.v
	add := func(i, j int) { c.VPADDQ(masked(mask, v[j], v[i], v[i])...) }
	xor := func(i, j int) { c.VPXORQ(masked(mask, v[j], v[i], v[i])...) }
	rotate := func(i int, by uint8) { c.VPROLQ(masked(mask, U8(by), v[i], v[i])...) }
	add(0, 1)
	add(2, 3)
	rotate(1, 13)
	rotate(3, 16)
	xor(1, 0)
	xor(3, 2)
	rotate(0, 32)
	add(2, 1)
	add(0, 3)
	rotate(1, 17)
	rotate(3, 21)
	xor(1, 2)
	xor(3, 0)
	rotate(2, 32)
}

// masked inserts the mask, if there is one, before the result.
func masked(mask Op, operands ...Op) []Op {
	if mask == nil {
		return operands
	}
	last := len(operands) - 1
	return append(operands[:last:last], mask, operands[last])
}

// murmur64 is the state of MurmurHash3_x64_128.
type murmur64 struct {
	keys
	low, high reg.GPVirtual // where the results go
	seed      reg.VecVirtual
	e         expander
	constants [4]Mem // two multipliers and two addends
	h         [2]reg.VecVirtual
}

// murmur128 writes murmur128x512.
func (c avx512) murmur128() {
	e := c.expander()
	constants := [4]Mem{
		c.constant("c1", 0x87c37b91114253d5), c.constant("c2", 0x4cf5ad432745937f),
		c.constant("a1", 0x52dce729), c.constant("a2", 0x38495ab5),
	}
	c.begin("murmur128x512", "func(low, high *uint64, keys *string, n int, seed uint64)",
		"murmur128x512 hashes n keys, a positive multiple of 16, by MurmurHash3_x64_128.")
	low, high, in, n := c.word("low"), c.word("high"), c.word("keys"), c.word("n")
	seed := c.spread("seed")
	var states [pair]hasher
	for i := range states {
		states[i] = &murmur64{low: low, high: high, seed: seed, e: e, constants: constants}
	}
	c.hash(in, n, states, 2, func() {
		c.ADDQ(U32(perStep*8), low)
		c.ADDQ(U32(perStep*8), high)
	})
}

func (s *murmur64) input() *keys { return &s.keys }

func (s *murmur64) start() {
	for i := range s.h {
		s.h[i] = s.c.ZMM()
		s.c.VMOVDQA64(s.seed, s.h[i])
	}
}

// add adds a block. What follows the last complete block is not mixed.
func (s *murmur64) add(words []reg.VecVirtual, number reg.VecVirtual) {
	c, h := s.c, s.h
	complete := c.K()
	c.VPCMPUQ(greater, number, s.blocks, complete)
	for i, word := range words {
		c.VPMULLQ_BCST(s.constants[i], word, word)
		c.VPROLQ(U8([]uint8{31, 33}[i]), word, word)
		c.VPMULLQ_BCST(s.constants[1-i], word, word)
		c.VPXORQ(word, h[i], s.active, h[i])
		mixed, fourfold := c.ZMM(), c.ZMM()
		c.VPROLQ(U8([]uint8{27, 31}[i]), h[i], mixed)
		c.VPADDQ(h[1-i], mixed, mixed)
		c.VPSLLQ(U8(2), mixed, fourfold)
		c.VPADDQ(fourfold, mixed, mixed)
		c.VPADDQ_BCST(s.constants[2+i], mixed, complete, h[i])
	}
}

func (s *murmur64) finish(index int) {
	c, h := s.c, s.h
	c.VPXORQ(s.length, h[0], h[0])
	c.VPXORQ(s.length, h[1], h[1])
	mix := func() {
		c.VPADDQ(h[1], h[0], h[0])
		c.VPADDQ(h[0], h[1], h[1])
	}
	mix()
	s.e.finalize(h[0])
	s.e.finalize(h[1])
	mix()
	c.VMOVDQU64(h[0], Mem{Base: s.low, Disp: 64 * index})
	c.VMOVDQU64(h[1], Mem{Base: s.high, Disp: 64 * index})
}

// murmur4 is the state of MurmurHash3_x86_32, in the low halves of the lanes.
type murmur4 struct {
	keys
	out       reg.GPVirtual
	seed      reg.VecVirtual
	one       Mem
	constants [3]Mem // two multipliers and an addend
	final     [2]Mem
	low       Mem
	quads     reg.VecVirtual // complete blocks of four bytes
	h         reg.VecVirtual
}

// murmur32 writes murmur32x512.
func (c avx512) murmur32() {
	twice := func(v uint64) uint64 { return v<<32 | v }
	one := c.constant("one", 1)
	constants := [3]Mem{c.constant("b1", twice(0xcc9e2d51)), c.constant("b2", twice(0x1b873593)), c.constant("b3", twice(0xe6546b64))}
	final := [2]Mem{c.constant("f1", twice(0x85ebca6b)), c.constant("f2", twice(0xc2b2ae35))}
	low := c.constant("low", 1<<32-1)
	c.begin("murmur32x512", "func(sums *uint64, keys *string, n int, seed uint64)",
		"murmur32x512 hashes n keys, a positive multiple of 16, by MurmurHash3_x86_32.")
	out, in, n := c.word("sums"), c.word("keys"), c.word("n")
	seed := c.spread("seed")
	var states [pair]hasher
	for i := range states {
		states[i] = &murmur4{out: out, seed: seed, one: one, constants: constants, final: final, low: low}
	}
	c.hash(in, n, states, 1, func() { c.ADDQ(U32(perStep*8), out) })
}

func (s *murmur4) input() *keys { return &s.keys }

func (s *murmur4) start() {
	c := s.c
	s.h, s.quads = c.ZMM(), c.ZMM()
	c.VMOVDQA64(s.seed, s.h)
	c.VPSRLQ(U8(2), s.length, s.quads)
}

// add adds the two blocks of a word. What follows the last complete block is not
// mixed, and the zeros that follow the key change nothing.
func (s *murmur4) add(words []reg.VecVirtual, number reg.VecVirtual) {
	c, word := s.c, words[0]
	c.VPMULLD_BCST(s.constants[0].Offset(0), word, word)
	c.VPROLD(U8(15), word, word)
	c.VPMULLD_BCST(s.constants[1].Offset(0), word, word)
	quad := c.ZMM()
	c.VPADDQ(number, number, quad)
	s.mix(word, quad)
	c.VPSRLQ(U8(32), word, word)
	c.VPADDQ_BCST(s.one, quad, quad)
	s.mix(word, quad)
}

func (s *murmur4) mix(block, number reg.VecVirtual) {
	c, begun, complete := s.c, s.c.K(), s.c.K()
	c.VPCMPUQ(lessOrEqual, s.quads, number, begun)
	c.VPXORQ(block, s.h, begun, s.h)
	mixed, fourfold := c.ZMM(), c.ZMM()
	c.VPROLD(U8(13), s.h, mixed)
	c.VPSLLD(U8(2), mixed, fourfold)
	c.VPADDD(fourfold, mixed, mixed)
	c.VPADDD_BCST(s.constants[2], mixed, mixed)
	c.VPCMPUQ(greater, number, s.quads, complete)
	c.VMOVDQA64(mixed, complete, s.h)
}

func (s *murmur4) finish(index int) {
	c, h, shifted := s.c, s.h, s.c.ZMM()
	shift := func(by uint8) {
		c.VPSRLD(U8(by), h, shifted)
		c.VPXORQ(shifted, h, h)
	}
	c.VPXORQ(s.length, h, h)
	shift(16)
	c.VPMULLD_BCST(s.final[0], h, h)
	shift(13)
	c.VPMULLD_BCST(s.final[1], h, h)
	shift(16)
	c.VPANDQ_BCST(s.low, h, h)
	c.VMOVDQU64(h, Mem{Base: s.out, Disp: 64 * index})
}
