package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// murmur2 is the state of MurmurHash3_x86_32 over eight keys.
type murmur2 struct {
	c      avx2
	at     int // offset of the strings
	tail   int // offset of the last blocks
	h      reg.VecVirtual
	size   Mem // the lengths
	count  Mem // complete blocks of each key
	blocks Mem // the next eight blocks of each key
	active reg.VecVirtual
}

// narrow is how many blocks of four bytes a load takes, and how many keys a vector
// holds.
const narrow = 8

// eight repeats a 32-bit constant in all lanes.
func (c avx2) eight(name string, v uint64) Mem { return c.four(name, v<<32|v) }

// murmur32 writes murmur32x256. As in sipHash256, complete blocks are loaded under
// masks, and the caller provides what follows them.
func (c avx2) murmur32() {
	c.begin("murmur32x256", "func(sums *uint64, keys *string, last *uint32, n int, seed uint64)",
		"murmur32x256 hashes n keys, a positive multiple of 16, by MurmurHash3_x86_32. The",
		"last block of each key holds what follows its complete blocks, of which there are",
		"less than 2^31.")
	out, in, last, n := c.word("sums"), c.word("keys"), c.word("last"), c.word("n")
	seed := c.AllocLocal(32)
	y := c.YMM()
	c.VPBROADCASTD(c.ParamAddr("seed"), y)
	c.VMOVDQU(y, seed)
	var states [pair]*murmur2
	for i := range states {
		states[i] = &murmur2{c: c, at: i * narrow * 16, tail: i * narrow * 4,
			size: c.AllocLocal(32), count: c.AllocLocal(32), blocks: c.AllocLocal(narrow * 32)}
	}

	c.Label("step")
	for _, s := range states {
		s.open(in)
		s.h, s.active = c.YMM(), c.YMM()
		c.VMOVDQU(seed, s.h)
	}
	offset, number := c.GP64(), c.YMM()
	c.XORQ(offset, offset)
	c.VPXOR(number, number, number)
	c.activate(states, number)
	c.JZ(LabelRef("finish"))

	c.Label("load")
	for _, s := range states {
		s.load(in, offset, number)
	}
	for i := range narrow {
		if i > 0 {
			c.JZ(LabelRef("finish"))
		}
		for _, s := range states {
			s.add(i)
		}
		c.VPADDD(c.eight("ones", 1), number, number)
		c.activate(states, number)
	}
	c.LEAQ(Mem{Base: offset, Disp: 4 * narrow}, offset) // keeps the flags
	c.JNZ(LabelRef("load"))

	c.Label("finish")
	for i, s := range states {
		s.finish(last, out, i)
	}
	c.ADDQ(U32(perStep*16), in)
	c.ADDQ(U8(perStep*4), last)
	c.ADDQ(U32(perStep*8), out)
	c.SUBQ(U8(perStep), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// activate finds the keys that have a complete block of this number. It sets the zero
// flag if none does.
func (c avx2) activate(states [pair]*murmur2, number reg.VecVirtual) {
	for _, s := range states {
		c.VMOVDQU(s.count, s.active)
		c.VPCMPGTD(number, s.active, s.active)
	}
	some := c.YMM()
	c.VPOR(states[0].active, states[1].active, some)
	c.VPTEST(some, some)
}

// open stores the lengths of the strings and the numbers of complete blocks.
func (s *murmur2) open(in reg.GPVirtual) {
	c := s.c
	lengths := func(i int) reg.VecVirtual {
		a, b := c.YMM(), c.YMM()
		c.VMOVDQU(Mem{Base: in, Disp: s.at + 16*i}, a)
		c.VMOVDQU(Mem{Base: in, Disp: s.at + 16*i + 32}, b)
		c.VPUNPCKHQDQ(b, a, a)
		return a
	}
	low, high, order := lengths(0), lengths(4), c.YMM() // 0 2 1 3, 4 6 5 7
	c.VMOVDQU(c.constant("interleave", 4<<32, 5<<32|1, 6<<32|2, 7<<32|3), order)
	for _, to := range []Mem{s.size, s.count} {
		y := c.YMM()
		c.VSHUFPS(U8(0x88), high, low, y) // 0 2 4 6 1 3 5 7
		c.VPERMD(y, order, y)
		c.VMOVDQU(y, to)
		c.VPSRLQ(U8(2), low, low)
		c.VPSRLQ(U8(2), high, high)
	}
}

// load loads the next eight complete blocks of every key and transposes them. Blocks
// beyond the last complete one are zero.
func (s *murmur2) load(in, offset reg.GPVirtual, number reg.VecVirtual) {
	c := s.c
	numbers := c.YMM()
	c.VPADDD(c.constant("numbers32", 1<<32, 3<<32|2, 5<<32|4, 7<<32|6), number, numbers)
	row := func(i int) reg.VecVirtual {
		mask, p, y := c.YMM(), c.GP64(), c.YMM()
		c.VPBROADCASTD(s.count.Offset(4*i), mask)
		c.VPCMPGTD(numbers, mask, mask)
		c.MOVQ(Mem{Base: in, Disp: s.at + 16*i}, p)
		c.VPMASKMOVD(Mem{Base: p, Index: offset, Scale: 1}, mask, y)
		return y
	}
	// quarter returns the blocks of four keys: 0 and 4, 1 and 5 and so on.
	quarter := func(i int) (q [4]reg.VecVirtual) {
		var rows [2][2]reg.VecVirtual
		for j := range rows {
			a, b := row(i+2*j), row(i+2*j+1)
			rows[j] = [2]reg.VecVirtual{c.YMM(), c.YMM()}
			c.VPUNPCKLDQ(b, a, rows[j][0])
			c.VPUNPCKHDQ(b, a, rows[j][1])
		}
		for j := range 2 {
			q[2*j], q[2*j+1] = c.YMM(), c.YMM()
			c.VPUNPCKLQDQ(rows[1][j], rows[0][j], q[2*j])
			c.VPUNPCKHQDQ(rows[1][j], rows[0][j], q[2*j+1])
		}
		return q
	}
	first, second, y := quarter(0), quarter(4), c.YMM()
	for i := range 4 {
		c.VPERM2I128(U8(0x20), second[i], first[i], y)
		c.VMOVDQU(y, s.blocks.Offset(32*i))
		c.VPERM2I128(U8(0x31), second[i], first[i], y)
		c.VMOVDQU(y, s.blocks.Offset(32*(i+4)))
	}
}

// add adds block i of those that were loaded.
func (s *murmur2) add(i int) {
	c, mixed, fourfold := s.c, s.c.YMM(), s.c.YMM()
	s.enter(s.blocks.Offset(32 * i))
	s.rotate(s.h, mixed, 13)
	c.VPSLLD(U8(2), mixed, fourfold)
	c.VPADDD(fourfold, mixed, mixed)
	c.VPADDD(c.eight("b3", 0xe6546b64), mixed, mixed)
	c.VPBLENDVB(s.active, mixed, s.h, s.h)
}

// enter scrambles a block into the state. Zeros change nothing.
func (s *murmur2) enter(block Mem) {
	c, word := s.c, s.c.YMM()
	c.VMOVDQU(block, word)
	c.VPMULLD(c.eight("b1", 0xcc9e2d51), word, word)
	s.rotate(word, word, 15)
	c.VPMULLD(c.eight("b2", 0x1b873593), word, word)
	c.VPXOR(word, s.h, s.h)
}

func (s *murmur2) rotate(from, to reg.VecVirtual, by uint8) {
	c, low := s.c, s.c.YMM()
	c.VPSRLD(U8(32-by), from, low)
	c.VPSLLD(U8(by), from, to)
	c.VPOR(low, to, to)
}

// finish stores the results at an index.
func (s *murmur2) finish(last, out reg.GPVirtual, index int) {
	c, h, shifted := s.c, s.h, s.c.YMM()
	s.enter(Mem{Base: last, Disp: s.tail})
	c.VPXOR(s.size, h, h)
	shift := func(by uint8) {
		c.VPSRLD(U8(by), h, shifted)
		c.VPXOR(shifted, h, h)
	}
	shift(16)
	c.VPMULLD(c.eight("f1", 0x85ebca6b), h, h)
	shift(13)
	c.VPMULLD(c.eight("f2", 0xc2b2ae35), h, h)
	shift(16)
	half, wide := c.XMM(), c.YMM()
	c.VPMOVZXDQ(h.AsX(), wide)
	c.VMOVDQU(wide, Mem{Base: out, Disp: 64 * index})
	c.VEXTRACTI128(U8(1), h, half)
	c.VPMOVZXDQ(half, wide)
	c.VMOVDQU(wide, Mem{Base: out, Disp: 64*index + 32})
}

// murmurLong2 is the state of MurmurHash3_x64_128 over four keys.
type murmurLong2 struct {
	words2
	h [2]reg.VecVirtual
}

// murmur128 writes murmur128x256. Its blocks have two words.
func (c avx2) murmur128() {
	c.begin("murmur128x256", "func(low, high *uint64, keys *string, last *uint64, n int, seed uint64)",
		"murmur128x256 hashes n keys, a positive multiple of 8, by MurmurHash3_x64_128. The",
		"last word of each key follows its complete words. If last is nil, no key has less",
		"than eight bytes.")
	low, high, in, last, n := c.word("low"), c.word("high"), c.word("keys"), c.word("last"), c.word("n")
	var states [pair]*murmurLong2
	var keys [pair]*words2
	for i := range states {
		states[i] = &murmurLong2{words2: c.words(i)}
		keys[i] = &states[i].words2
	}

	c.Label("step")
	c.openPair(keys, in, last)
	for _, s := range states {
		for i := range s.h {
			s.h[i] = c.YMM()
			c.VPBROADCASTQ(c.ParamAddr("seed"), s.h[i])
		}
	}
	offset, number := c.GP64(), c.YMM()
	c.XORQ(offset, offset)
	c.VPXOR(number, number, number)

	c.Label("load")
	for _, s := range states {
		s.load(in, offset, number)
	}
	for i := 0; i < perLoad; i += 2 {
		if i > 0 {
			c.finishAfter(keys, number)
		}
		for _, s := range states {
			s.add(i, number)
		}
		c.VPADDQ(c.four("two", 2), number, number)
	}
	c.ADDQ(U8(8*perLoad), offset)
	c.finishAfter(keys, number)
	c.JMP(LabelRef("load"))

	c.Label("finish")
	for i, s := range states {
		s.finish(in)
		c.VMOVDQU(s.h[0], Mem{Base: low, Disp: 32 * i})
		c.VMOVDQU(s.h[1], Mem{Base: high, Disp: 32 * i})
	}
	c.ADDQ(U32(perStep2*16), in)
	c.ADDQ(U8(perStep2*8), low)
	c.ADDQ(U8(perStep2*8), high)
	c.SUBQ(U8(perStep2), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}

// add adds the block that begins with word i of those that were loaded. What follows
// the last complete block is not mixed.
func (s *murmurLong2) add(i int, number reg.VecVirtual) {
	c, next, complete := s.c, s.c.YMM(), s.c.YMM()
	c.VPADDQ(c.four("one", 1), number, next)
	c.VMOVDQU(s.count, complete)
	c.VPCMPGTQ(next, complete, complete)
	for j, number := range []reg.VecVirtual{number, next} {
		word, _ := s.word(i+j, number)
		low, mixed, h := c.YMM(), c.YMM(), s.h[j]
		s.scramble(word, j)
		c.rotate(word, word, low, []uint8{31, 33}[j])
		s.scramble(word, 1-j)
		c.VPXOR(word, h, h)
		c.rotate(h, mixed, low, []uint8{27, 31}[j])
		c.VPADDQ(s.h[1-j], mixed, mixed)
		c.VPSLLQ(U8(2), mixed, low)
		c.VPADDQ(low, mixed, mixed)
		c.VPADDQ([]Mem{c.four("a1", 0x52dce729), c.four("a2", 0x38495ab5)}[j], mixed, mixed)
		c.VPBLENDVB(complete, mixed, h, h)
	}
}

// scramble multiplies by one of the two constants.
func (s *murmurLong2) scramble(word reg.VecVirtual, i int) {
	name, v := []string{"c1", "c2"}[i], []uint64{0x87c37b91114253d5, 0x4cf5ad432745937f}[i]
	s.c.multiply(word, s.c.four(name, v), s.c.four(name+"swapped", v<<32|v>>32))
}

func (s *murmurLong2) finish(in reg.GPVirtual) {
	c, h := s.c, s.h
	s.open(in) // for the lengths
	c.VPXOR(s.length, h[0], h[0])
	c.VPXOR(s.length, h[1], h[1])
	mix := func() {
		c.VPADDQ(h[1], h[0], h[0])
		c.VPADDQ(h[0], h[1], h[1])
	}
	mix()
	c.finalize(h[0])
	c.finalize(h[1])
	mix()
}
