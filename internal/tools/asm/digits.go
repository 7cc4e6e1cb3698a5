package main

import (
	. "github.com/mmcloughlin/avo/operand"
)

// digitsStride is how far apart the digits of two numbers are written.
const digitsStride = 32

// digits writes digits512. The bytes of a number are reversed and split into digits,
// which pick characters.
func (c avx512) digits() {
	first, second := c.constant("splitfirst", 0xbf58476d1ce4e5b9), c.constant("splitsecond", 0x94d049bb133111eb)
	steps := c.constant("steps", 0, golden, 2*golden&(1<<64-1), 3*golden&(1<<64-1), 4*golden&(1<<64-1), 5*golden&(1<<64-1), 6*golden&(1<<64-1), 7*golden&(1<<64-1))
	eight := c.constant("eight", 8*golden&(1<<64-1))
	reverse := c.constant("reverse", 0x0001020304050607, 0x08090a0b0c0d0e0f)
	characters := c.constant("characters", 0x3736353433323130, 0x6665646362613938)
	nibble := c.constant("nibble", 0x0f0f0f0f0f0f0f0f)
	c.begin("digits512", "func(dst *byte, state uint64, n int)",
		"digits512 writes the 16 hexadecimal digits of n outputs of splitmix64, a positive",
		"multiple of 8, at every 32nd byte. The state is that of the first output.")
	dst, state, n := c.word("dst"), c.spread("state"), c.word("n")
	order, table, nibbles := c.ZMM(), c.ZMM(), c.ZMM()
	c.VBROADCASTI32X4(reverse, order)
	c.VBROADCASTI32X4(characters, table)
	c.VPBROADCASTQ(nibble, nibbles)
	c.VPADDQ(steps, state, state)

	c.Label("step")
	z, shifted := c.ZMM(), c.ZMM()
	c.VMOVDQA64(state, z)
	c.VPADDQ_BCST(eight, state, state)
	for _, s := range []struct {
		shift  int
		factor Mem
	}{{30, first}, {27, second}} {
		c.VPSRLQ(U8(s.shift), z, shifted)
		c.VPXORQ(shifted, z, z)
		c.VPMULLQ_BCST(s.factor, z, z)
	}
	c.VPSRLQ(U8(31), z, shifted)
	c.VPXORQ(shifted, z, z)

	c.VPSHUFB(order, z, z)
	high := c.ZMM()
	c.VPSRLQ(U8(4), z, high)
	c.VPANDQ(nibbles, high, high)
	c.VPANDQ(nibbles, z, z)
	even, odd := c.ZMM(), c.ZMM()
	c.VPUNPCKLBW(z, high, even)
	c.VPUNPCKHBW(z, high, odd)
	c.VPSHUFB(even, table, even)
	c.VPSHUFB(odd, table, odd)
	for i := range 4 {
		c.VEXTRACTI32X4(U8(i), even, Mem{Base: dst, Disp: 2 * i * digitsStride})
		c.VEXTRACTI32X4(U8(i), odd, Mem{Base: dst, Disp: (2*i + 1) * digitsStride})
	}
	c.ADDQ(U32(lanes*digitsStride), dst)
	c.SUBQ(U8(lanes), n)
	c.JNZ(LabelRef("step"))
	c.VZEROUPPER()
	c.RET()
}
