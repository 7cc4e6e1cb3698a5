package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// perGroup is how many bytes the functions for lines look at together: as many as a
// word has bits.
const perGroup = 64

// unrolled is how many ends of lines are stored without a branch.
const unrolled = 8

// vector is what AVX2 and AVX-512 have in common for bytes.
type vector struct {
	*file
	size int // bytes of a vector
}

// all loads a 128-bit table into every part of a vector.
func (c vector) all(table Mem) reg.VecVirtual {
	if c.size == perGroup {
		z := c.ZMM()
		c.VBROADCASTI32X4(table, z)
		return z
	}
	y := c.YMM()
	c.VBROADCASTI128(table, y)
	return y
}

// every loads a byte into all bytes of a vector.
func (c vector) every(b reg.GPVirtual) reg.VecVirtual {
	v := c.new()
	x := c.XMM()
	c.VMOVQ(b, x)
	c.VPBROADCASTB(x, v)
	return v
}

func (c vector) new() reg.VecVirtual {
	if c.size == perGroup {
		return c.ZMM()
	}
	return c.YMM()
}

func (c vector) zero() reg.VecVirtual {
	v := c.new()
	if c.size == perGroup {
		c.VPXORQ(v, v, v)
	} else {
		c.VPXOR(v, v, v)
	}
	return v
}

func (c vector) load(m Mem) reg.VecVirtual {
	v := c.new()
	if c.size == perGroup {
		c.VMOVDQU64(m, v)
	} else {
		c.VMOVDQU(m, v)
	}
	return v
}

// copy copies a vector.
func (c vector) copy(from, to Mem) {
	v := c.load(from)
	c.store(v, to)
}

func (c vector) store(v reg.VecVirtual, to Mem) {
	if c.size == perGroup {
		c.VMOVDQU64(v, to)
	} else {
		c.VMOVDQU(v, to)
	}
}

func (c vector) and(a, b reg.VecVirtual) reg.VecVirtual {
	v := c.new()
	if c.size == perGroup {
		c.VPANDQ(a, b, v)
	} else {
		c.VPAND(a, b, v)
	}
	return v
}

func (c vector) orTo(a, sum reg.VecVirtual) {
	if c.size == perGroup {
		c.VPORQ(a, sum, sum)
	} else {
		c.VPOR(a, sum, sum)
	}
}

// equal returns a bit for each byte that a and b have in common.
func (c vector) equal(a, b reg.VecVirtual) reg.GPVirtual {
	bits := c.GP64()
	if c.size == perGroup {
		k := c.K()
		c.VPCMPEQB(a, b, k)
		c.KMOVQ(k, bits)
		return bits
	}
	y := c.YMM()
	c.VPCMPEQB(a, b, y)
	c.VPMOVMSKB(y, bits.As32())
	return bits
}

// signs returns a bit for each byte of which the highest bit is set.
func (c vector) signs(v reg.VecVirtual) reg.GPVirtual {
	bits := c.GP64()
	if c.size == perGroup {
		k := c.K()
		c.VPMOVB2M(v, k)
		c.KMOVQ(k, bits)
		return bits
	}
	c.VPMOVMSKB(v, bits.As32())
	return bits
}

// notZero returns a bit for each byte that is not zero, or a number that is zero if
// there is none.
func (c vector) notZero(v reg.VecVirtual) reg.GPVirtual {
	bits := c.GP64()
	if c.size == perGroup {
		k := c.K()
		c.VPTESTMB(v, v, k)
		c.KMOVQ(k, bits)
		return bits
	}
	zero := c.zero()
	c.VPCMPEQB(zero, v, zero)
	c.VPMOVMSKB(zero, bits.As32())
	c.NOTL(bits.As32())
	return bits
}

// cut writes cut512 or cut256. Two tables classify a byte by its low and its high
// four bits: it is in the class if the entries share a bit. Bytes that are not ASCII
// have no entry in the first table.
func (c vector) cut() {
	nibble := c.constant("nibble", 0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f)
	name := fmt.Sprintf("cut%d", 8*c.size)
	c.begin(name, "func(ends *uint32, room int, data *byte, n int, delimiter uint64, class *[32]byte) (count, scanned int, found, others, returns uint64)",
		name+" finds the offsets of delimiters in groups of 64 bytes of n, while there is room",
		"for the ends of a group. found, others and returns are 0 if",
		"no byte is in the class, all are ASCII, and none is \\r.")
	ends, room, data, n := c.word("ends"), c.word("room"), c.word("data"), c.word("n")
	delimiter := c.every(c.word("delimiter"))
	class := c.word("class")
	low, high := c.all(Mem{Base: class}), c.all(Mem{Base: class, Disp: 16})
	nibbles := c.all(nibble)
	cr := c.GP64()
	c.MOVQ(U32('\r'), cr)
	carriage := c.every(cr)
	found, others := c.zero(), c.zero()
	at, count, returns := c.GP64(), c.GP64(), c.GP64()
	c.XORQ(at, at)
	c.XORQ(count, count)
	c.XORQ(returns, returns)
	c.SUBQ(U8(perGroup), room)

	c.Label("group")
	c.CMPQ(at, n)
	c.JGE(LabelRef("done"))
	c.CMPQ(count, room)
	c.JG(LabelRef("done"))
	lines := c.GP64()
	for i := range perGroup / c.size {
		bytes := c.load(Mem{Base: data, Index: at, Scale: 1, Disp: c.size * i})
		bits := c.equal(delimiter, bytes)
		if i == 0 {
			c.MOVQ(bits, lines)
		} else {
			c.SHLQ(U8(c.size), bits)
			c.ORQ(bits, lines)
		}
		c.ORQ(c.equal(carriage, bytes), returns)
		shifted, lows, highs := c.new(), c.new(), c.new()
		c.VPSRLW(U8(4), bytes, shifted)
		c.VPSHUFB(bytes, low, lows)
		c.VPSHUFB(c.and(nibbles, shifted), high, highs)
		c.orTo(c.and(lows, highs), found)
		c.orTo(bytes, others)
	}
	c.ends(ends, count, at, lines)
	c.ADDQ(U8(perGroup), at)
	c.JMP(LabelRef("group"))

	c.Label("done")
	c.Store(count, c.ReturnIndex(0))
	c.Store(at, c.ReturnIndex(1))
	c.Store(c.notZero(found), c.ReturnIndex(2))
	c.Store(c.signs(others), c.ReturnIndex(3))
	c.Store(returns, c.ReturnIndex(4))
	c.VZEROUPPER()
	c.RET()
}

// ends stores the offsets of the bits of lines, and adds their number to count. It
// stores some more words than that.
func (c vector) ends(ends, count, at, lines reg.GPVirtual) {
	next, number, left := c.GP64(), c.GP64(), c.GP64()
	c.LEAQ(Mem{Base: ends, Index: count, Scale: 4}, next)
	c.POPCNTQ(lines, number)
	c.ADDQ(number, count)
	c.MOVQ(number, left)
	c.Label("more")
	for i := range unrolled {
		offset := c.GP64()
		c.TZCNTQ(lines, offset)
		c.ADDL(at.As32(), offset.As32())
		c.MOVL(offset.As32(), Mem{Base: next, Disp: 4 * i})
		c.BLSRQ(lines, lines)
	}
	c.ADDQ(U8(4*unrolled), next)
	c.SUBQ(U8(unrolled), left)
	c.JG(LabelRef("more"))
}

// shortCopy is how many bytes of a key or of a short text are copied at once.
const shortCopy = 32

// paste writes paste512 or paste256. Every copy is of whole vectors. The next text
// overwrites the excess.
func (c vector) paste() {
	name := fmt.Sprintf("paste%d", 8*c.size)
	c.begin(name, "func(dst, data *byte, limit int, ends *uint32, owners *int, n int, head *byte, headSize int, rows *byte, stride int) (written, done int)",
		name+" writes the head, the key and the text of its owner for each of n keys. A",
		"key ends where the ends say, and a byte later the next one begins. A row of stride",
		"bytes holds a text, and its size in the last eight bytes. It stops before a key that",
		"does not end 32 bytes before the limit, and writes up to 64 bytes more than written.")
	dst, data := c.word("dst"), c.word("data")
	limit, start := c.word("limit"), c.GP64()
	c.XORQ(start, start)
	ends, owners, n := c.word("ends"), c.word("owners"), c.word("n")
	headSize := c.word("headSize")
	rows, stride := c.word("rows"), c.word("stride")
	i, end := c.GP64(), c.GP64()
	c.XORQ(i, i)
	c.SUBQ(U8(shortCopy), limit)

	c.Label("key")
	c.CMPQ(i, n)
	c.JGE(LabelRef("done"))
	c.MOVL(Mem{Base: ends, Index: i, Scale: 4}, end.As32())
	c.CMPQ(end, limit)
	c.JG(LabelRef("done"))

	c.TESTQ(headSize, headSize)
	c.JZ(LabelRef("text"))
	head := c.word("head")
	c.whole("head", head, dst, headSize)
	c.ADDQ(headSize, dst)

	c.Label("text")
	from, size := c.GP64(), c.GP64()
	c.LEAQ(Mem{Base: data, Index: start, Scale: 1}, from)
	c.MOVQ(end, size)
	c.SUBQ(start, size)
	short := vector{c.file, shortCopy}
	short.copy(Mem{Base: from}, Mem{Base: dst})
	c.CMPQ(size, U8(shortCopy))
	c.JG(LabelRef("long"))

	c.Label("owner")
	c.ADDQ(size, dst)
	c.LEAQ(Mem{Base: end, Disp: 1}, start)
	row, text := c.GP64(), c.GP64()
	c.MOVQ(Mem{Base: owners, Index: i, Scale: 8}, row)
	c.IMULQ(stride, row)
	c.ADDQ(rows, row)
	c.MOVQ(Mem{Base: row, Index: stride, Scale: 1, Disp: -8}, text)
	c.INCQ(i)
	c.CMPQ(text, U8(shortCopy))
	c.JG(LabelRef("ending"))
	short.copy(Mem{Base: row}, Mem{Base: dst})
	c.ADDQ(text, dst)
	c.JMP(LabelRef("key"))

	c.Label("ending")
	c.whole("row", row, dst, text)
	c.ADDQ(text, dst)
	c.JMP(LabelRef("key"))

	c.Label("long")
	at := c.GP64()
	c.MOVQ(U32(shortCopy), at)
	c.Label("piece")
	short.copy(Mem{Base: from, Index: at, Scale: 1}, Mem{Base: dst, Index: at, Scale: 1})
	c.ADDQ(U8(shortCopy), at)
	c.CMPQ(at, size)
	c.JL(LabelRef("piece"))
	c.JMP(LabelRef("owner"))

	c.Label("done")
	c.SUBQ(c.word("dst"), dst)
	c.Store(dst, c.ReturnIndex(0))
	c.Store(i, c.ReturnIndex(1))
	c.VZEROUPPER()
	c.RET()
}

// whole copies size bytes, at least one, and the rest of a group of 64.
func (c vector) whole(label string, from, to, size reg.GPVirtual) {
	at := c.GP64()
	c.XORQ(at, at)
	c.Label(label + "group")
	for i := range perGroup / c.size {
		c.copy(Mem{Base: from, Index: at, Scale: 1, Disp: c.size * i}, Mem{Base: to, Index: at, Scale: 1, Disp: c.size * i})
	}
	c.ADDQ(U8(perGroup), at)
	c.CMPQ(at, size)
	c.JL(LabelRef(label + "group"))
}
