package main

import (
	"fmt"

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

// sip2 is the state of SipHash over four keys.
type sip2 struct {
	c     avx2
	at    int // offset of the strings
	tail  int // offset of the last words
	v     [4]reg.VecVirtual
	count Mem // complete words of each key
	words Mem // the next four words of each key
	done  Mem // the states of the keys that have ended
	last  reg.VecVirtual
}

// sipHash writes sipHash256. Complete words are loaded under masks of words. The
// caller provides the word that holds the rest of a key and its length. A lane
// whose key has ended goes on with zeros; its state is stored before.
func (c avx2) sipHash() {
	c.begin("sipHash256", "func(sums *uint64, keys *string, last *uint64, n int, k0, k1 uint64)",
		"sipHash256 hashes n keys, a positive multiple of 8, by SipHash-2-4. The last",
		"word of each key follows its complete words.")
	out, in, last, n := c.word("sums"), c.word("keys"), c.word("last"), c.word("n")
	first := c.AllocLocal(4 * 32)
	for i, magic := range []uint64{0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573} {
		y := c.spread([]string{"k0", "k1"}[i%2])
		c.VPXOR(c.four("magic"+string(rune('0'+i)), magic), y, y)
		c.VMOVDQU(y, first.Offset(32*i))
	}
	var states [pair]*sip2
	for i := range states {
		states[i] = &sip2{c: c, at: i * lanes2 * 16, tail: i * lanes2 * 8,
			count: c.AllocLocal(32), words: c.AllocLocal(4 * 32), done: c.AllocLocal(4 * 32)}
	}

	c.Label("step")
	for _, s := range states {
		s.open(in)
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
			c.stop(states, number, "finish")
		}
		for _, s := range states {
			s.add(last, i, number)
		}
		c.store(states, fmt.Sprintf("next%d", i))
		c.VPADDQ(c.four("one", 1), number, number)
	}
	c.ADDQ(U8(8*perLoad), offset)
	c.stop(states, number, "finish")
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
	c.ADDQ(U32(perStep2*8), last)
	c.ADDQ(U32(perStep2*8), out)
	c.SUBQ(U8(perStep2), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// open stores the numbers of complete words.
func (s *sip2) open(in reg.GPVirtual) {
	c, a, b := s.c, s.c.YMM(), s.c.YMM()
	c.VMOVDQU(Mem{Base: in, Disp: s.at}, a)
	c.VMOVDQU(Mem{Base: in, Disp: s.at + 32}, b)
	c.VPUNPCKHQDQ(b, a, a)   // lengths 0 2 1 3
	c.VPERMQ(U8(0xd8), a, a) // 0 1 2 3
	c.VPSRLQ(U8(3), a, a)
	c.VMOVDQU(a, s.count)
}

// load loads the next four complete words of every key and transposes them. Words
// beyond the last complete one are zero.
func (s *sip2) load(in, offset reg.GPVirtual, number reg.VecVirtual) {
	c := s.c
	numbers := c.YMM()
	c.VPADDQ(c.constant("numbers", 0, 1, 2, 3), number, numbers)
	row := func(i int) reg.VecVirtual {
		mask, p, y := c.YMM(), c.GP64(), c.YMM()
		c.VPBROADCASTQ(s.count.Offset(8*i), mask)
		c.VPCMPGTQ(numbers, mask, mask)
		c.MOVQ(Mem{Base: in, Disp: s.at + 16*i}, p)
		c.VPMASKMOVQ(Mem{Base: p, Index: offset, Scale: 1}, mask, y)
		return y
	}
	half := func(i int) (even, odd reg.VecVirtual) {
		a, b := row(i), row(i+1)
		even, odd = c.YMM(), c.YMM()
		c.VPUNPCKLQDQ(b, a, even)
		c.VPUNPCKHQDQ(b, a, odd)
		return even, odd
	}
	even, odd := half(0)
	even2, odd2 := half(2)
	y := c.YMM()
	for i, w := range []struct {
		a, b   reg.VecVirtual
		halves uint8
	}{{even, even2, 0x20}, {odd, odd2, 0x20}, {even, even2, 0x31}, {odd, odd2, 0x31}} {
		c.VPERM2I128(U8(w.halves), w.b, w.a, y)
		c.VMOVDQU(y, s.words.Offset(32*i))
	}
}

// stop jumps if no key has a word of this number.
func (c avx2) stop(states [pair]*sip2, number reg.VecVirtual, label string) {
	// number > count in all lanes
	all, y := c.YMM(), c.YMM()
	c.VPCMPGTQ(states[0].count, number, all)
	c.VPCMPGTQ(states[1].count, number, y)
	c.VPAND(y, all, all)
	r := c.GP32()
	c.VPMOVMSKB(all, r)
	c.CMPL(r, I8(-1))
	c.JEQ(LabelRef(label))
}

// add adds word i of those that were loaded, or the last word.
func (s *sip2) add(last reg.GPVirtual, i int, number reg.VecVirtual) {
	c, word := s.c, s.c.YMM()
	s.last = c.YMM()
	c.VPCMPEQQ(s.count, number, s.last)
	c.VPAND(Mem{Base: last, Disp: s.tail}, s.last, word)
	c.VPOR(s.words.Offset(32*i), word, word)
	c.VPXOR(word, s.v[3], s.v[3])
	s.round()
	s.round()
	c.VPXOR(word, s.v[0], s.v[0])
}

// store keeps the states of the keys that the last word ended. It branches only
// once for all of them: some key of different lengths mostly ends here.
func (c avx2) store(states [pair]*sip2, label string) {
	ended := c.YMM()
	c.VPOR(states[0].last, states[1].last, ended)
	c.VPTEST(ended, ended)
	c.JZ(LabelRef(label))
	for _, s := range states {
		for i, v := range s.v {
			y := c.YMM()
			c.VMOVDQU(s.done.Offset(32*i), y)
			c.VPBLENDVB(s.last, v, y, y)
			c.VMOVDQU(y, s.done.Offset(32*i))
		}
	}
	c.Label(label)
}

func (s *sip2) round() {
	c, v, t := s.c, s.v, s.c.YMM()
	add := func(i, j int) { c.VPADDQ(v[j], v[i], v[i]) }
	xor := func(i, j int) { c.VPXOR(v[j], v[i], v[i]) }
	rotate := func(i int, by uint8) {
		c.VPSRLQ(U8(64-by), v[i], t)
		c.VPSLLQ(U8(by), v[i], v[i])
		c.VPOR(t, v[i], v[i])
	}
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
		c.VBLENDVPD(more, number, ats[j], ats[j])
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
