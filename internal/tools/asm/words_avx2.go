package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// words2 is a vector of four keys that are read as words of eight bytes. Complete words
// are loaded under masks. The word that follows them holds the rest of the key, if any.
type words2 struct {
	c      avx2
	at     int // offset of the strings
	length reg.VecVirtual
	count  Mem // complete words of each key
	words  Mem // the next four words of each key
	last   Mem // the words that follow the complete ones
}

// words returns the keys at an index of vectors.
func (c avx2) words(index int) words2 {
	return words2{c: c, at: index * lanes2 * 16, count: c.AllocLocal(32), words: c.AllocLocal(4 * 32), last: c.AllocLocal(32)}
}

func (w *words2) string(in reg.GPVirtual, i int) Mem { return Mem{Base: in, Disp: w.at + 16*i} }

// open stores the numbers of complete words.
func (w *words2) open(in reg.GPVirtual) {
	c, a, b := w.c, w.c.YMM(), w.c.YMM()
	c.VMOVDQU(w.string(in, 0), a)
	c.VMOVDQU(w.string(in, 2), b)
	w.length = c.YMM()
	c.VPUNPCKHQDQ(b, a, a)          // lengths 0 2 1 3
	c.VPERMQ(U8(0xd8), a, w.length) // 0 1 2 3
	c.VPSRLQ(U8(3), w.length, a)
	c.VMOVDQU(a, w.count)
}

// openLast stores the last words: what is left of the last eight bytes of each key
// without those of complete words. No key is shorter.
func (w *words2) openLast(in reg.GPVirtual) {
	c := w.c
	two := func(i int) reg.VecVirtual {
		x := c.XMM()
		for j := range 2 {
			p, n := c.GP64(), c.GP64()
			c.MOVQ(w.string(in, i+j), p)
			c.MOVQ(w.string(in, i+j).Offset(8), n)
			if end := (Mem{Base: p, Index: n, Scale: 1, Disp: -8}); j == 0 {
				c.VMOVQ(end, x)
			} else {
				c.VPINSRQ(U8(1), end, x, x)
			}
		}
		return x
	}
	low, high, y, shift := two(0), two(2), c.YMM(), c.YMM()
	c.VINSERTI128(U8(1), high, low.AsY(), y)
	c.VPAND(c.four("seven", 7), w.length, shift)
	c.VPSLLQ(U8(3), shift, shift)
	bits := c.YMM()
	c.VMOVDQU(c.four("wordbits", 64), bits)
	c.VPSUBQ(shift, bits, shift)
	c.VPSRLVQ(shift, y, y)
	c.VMOVDQU(y, w.last)
}

// copyLast stores last words that the caller provides.
func (w *words2) copyLast(from reg.GPVirtual) {
	y := w.c.YMM()
	w.c.VMOVDQU(Mem{Base: from, Disp: w.at / 2}, y)
	w.c.VMOVDQU(y, w.last)
}

// openPair opens both vectors of a step, with the last words that the caller provides
// or, if there are none, those of keys of eight bytes and more.
func (c avx2) openPair(keys [pair]*words2, in, last reg.GPVirtual) {
	for _, k := range keys {
		k.open(in)
	}
	c.TESTQ(last, last)
	c.JZ(LabelRef("long"))
	for _, k := range keys {
		k.copyLast(last)
	}
	c.ADDQ(U8(perStep2*8), last)
	c.JMP(LabelRef("opened"))
	c.Label("long")
	for _, k := range keys {
		k.openLast(in)
	}
	c.Label("opened")
}

// load loads the next four complete words of every key and transposes them. Words
// beyond the last complete one are zero.
func (w *words2) load(in, offset reg.GPVirtual, number reg.VecVirtual) {
	c := w.c
	numbers := c.YMM()
	c.VPADDQ(c.constant("numbers", 0, 1, 2, 3), number, numbers)
	row := func(i int) reg.VecVirtual {
		mask, p, y := c.YMM(), c.GP64(), c.YMM()
		c.VPBROADCASTQ(w.count.Offset(8*i), mask)
		c.VPCMPGTQ(numbers, mask, mask)
		c.MOVQ(w.string(in, i), p)
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
	for i, part := range []struct {
		a, b   reg.VecVirtual
		halves uint8
	}{{even, even2, 0x20}, {odd, odd2, 0x20}, {even, even2, 0x31}, {odd, odd2, 0x31}} {
		c.VPERM2I128(U8(part.halves), part.b, part.a, y)
		c.VMOVDQU(y, w.words.Offset(32*i))
	}
}

// word returns word i of those that were loaded, or the last word, and the keys that
// have the last word there.
func (w *words2) word(i int, number reg.VecVirtual) (word, last reg.VecVirtual) {
	c := w.c
	word, last = c.YMM(), c.YMM()
	c.VPCMPEQQ(w.count, number, last)
	c.VPAND(w.last, last, word)
	c.VPOR(w.words.Offset(32*i), word, word)
	return word, last
}

// finishAfter jumps to finish if no key has a word of this number.
func (c avx2) finishAfter(states [pair]*words2, number reg.VecVirtual) {
	// number > count in all lanes
	all, y := c.YMM(), c.YMM()
	c.VPCMPGTQ(states[0].count, number, all)
	c.VPCMPGTQ(states[1].count, number, y)
	c.VPAND(y, all, all)
	r := c.GP32()
	c.VPMOVMSKB(all, r)
	c.CMPL(r, I8(-1))
	c.JEQ(LabelRef("finish"))
}
