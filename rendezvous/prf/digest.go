package prf

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

// Append appends the digest of the key to dst and returns the extended slice.
// The digest has 4 to 64 bytes, in the order of the method's reference
// implementation: murmur and SipHash write little-endian words. Append allocates
// only to grow dst.
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
		k0, k1 := o.words()
		return binary.LittleEndian.AppendUint64(dst, siphash.Hash(k0, k1, b))
	}
}

// Integer is a digest as an integer of up to 512 bits, with the sign that the
// Python original gives it.
type Integer struct {
	Negative bool
	Abs      [16]uint32 // the absolute value, least significant word first
}

// Integer returns the digest of the key as an integer. Murmur digests are read
// little-endian and all others big-endian, siphash among them, although it
// writes a little-endian word. mmh3_32 and mmh3_64 are signed. Integer does not
// allocate.
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

// Big returns the integer as a big.Int.
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
