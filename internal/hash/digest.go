package hash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math/big"
	"slices"

	"github.com/dchest/siphash"
)

// Append appends the digest of the key to dst: 4 to 64 bytes, in the order in
// which the method's reference implementation writes them. Words of murmur and
// SipHash are little-endian. It allocates only to grow dst.
func (m Method) Append(dst []byte, o Options, key string) []byte {
	b, seed := view(key), uint32(o.Seed)
	switch m {
	case MD5:
		d := md5.Sum(b)
		return append(dst, d[:]...)
	case SHA1:
		d := sha1.Sum(b)
		return append(dst, d[:]...)
	case SHA224:
		d := sha256.Sum224(b)
		return append(dst, d[:]...)
	case SHA256:
		d := sha256.Sum256(b)
		return append(dst, d[:]...)
	case SHA384:
		d := sha512.Sum384(b)
		return append(dst, d[:]...)
	case SHA512:
		d := sha512.Sum512(b)
		return append(dst, d[:]...)
	case MMH32:
		return binary.LittleEndian.AppendUint32(dst, murmur32(b, seed))
	case MMH64:
		h1, _ := o.murmur128()(b, seed)
		return binary.LittleEndian.AppendUint64(dst, h1)
	case MMH128:
		h1, h2 := o.murmur128()(b, seed)
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, h1), h2)
	default:
		k0, k1 := split(o.key())
		return binary.LittleEndian.AppendUint64(dst, siphash.Hash(k0, k1, b))
	}
}

// Integer is a digest as the Python original sees it: one integer of up to 512
// bits and, for two methods, a sign.
type Integer struct {
	Negative bool
	Abs      [16]uint32 // the absolute value, least significant word first
}

// Integer returns the digest of the key as an integer. The bytes of a digest
// count from the most significant one on, except for murmur, whose bytes count
// from the least significant one on. So the words of SipHash, which are
// written in the other order, come out reversed. MMH32 and MMH64 are signed.
// It does not allocate.
func (m Method) Integer(o Options, key string) (n Integer) {
	var room [64]byte
	digest := m.Append(room[:0], o, key)
	if m != MMH32 && m != MMH64 && m != MMH128 {
		slices.Reverse(digest)
	}
	if m == MMH32 || m == MMH64 {
		n.Negative = negate(digest)
	}
	for i := range n.Abs {
		n.Abs[i] = binary.LittleEndian.Uint32(room[4*i:])
	}
	return n
}

// negate replaces a little-endian number in two's complement by its absolute
// value and reports whether it was negative.
func negate(digest []byte) bool {
	if digest[len(digest)-1] < 0x80 {
		return false
	}
	carry := uint16(1)
	for i, b := range digest {
		carry += uint16(^b)
		digest[i] = byte(carry)
		carry >>= 8
	}
	return true
}

// AbsXor returns the absolute value of the integer XOR a, as Python computes
// it: with as many sign bits as it takes. Only the two low words change.
func (n Integer) AbsXor(a uint64) [16]uint32 {
	low := uint64(n.Abs[1])<<32 | uint64(n.Abs[0])
	if n.Negative {
		// -x is ^(x-1), so -x^a is ^((x-1)^a), which is -(((x-1)^a)+1). A
		// negative digest has 64 bits and a has 63, so this cannot overflow.
		low = ((low - 1) ^ a) + 1
	} else {
		low ^= a
	}
	n.Abs[0], n.Abs[1] = uint32(low), uint32(low>>32)
	return n.Abs
}

// Big returns the integer as a number to print.
func (n Integer) Big() *big.Int {
	var digest [64]byte
	for i, word := range n.Abs {
		binary.BigEndian.PutUint32(digest[len(digest)-4*i-4:], word)
	}
	value := new(big.Int).SetBytes(digest[:])
	if n.Negative {
		value.Neg(value)
	}
	return value
}
