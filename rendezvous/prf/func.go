package prf

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

// Options are the parameters of the methods that take any. The zero value is
// the default of the Python original.
type Options struct {
	// Seed seeds mmh3_32, mmh3_64 and mmh3_128; the others ignore it. A
	// negative seed is the uint32 with the same bits.
	Seed int32

	// X86 selects the variant of mmh3_64 and mmh3_128 for 32-bit machines.
	// It returns other values; the machine that runs it does not matter.
	X86 bool

	// Key is the key of siphash. Nil is [DefaultKey].
	Key *[16]byte
}

// murmur128 returns the 128-bit variant that the options select.
func (o Options) murmur128() func(b []byte, seed uint32) (h1, h2 uint64) {
	if o.X86 {
		return murmur128x86
	}
	return murmur128x64
}

// Func returns the method as a function of 64 bits, which is the form that
// placement uses:
//
//	md5 sha1 sha224 sha256 sha384 sha512   the first eight bytes, big-endian
//	mmh3_32                                the 32 bits, in the low half
//	mmh3_64                                the first word of mmh3_128
//	mmh3_128                               its two words, exclusive or
//	siphash                                the result
//
// The function does not copy its argument and does not allocate. It is safe
// for concurrent use.
func (m Method) Func(o Options) func(string) uint64 {
	seed := uint32(o.Seed)
	switch m {
	case MD5:
		return func(s string) uint64 { d := md5.Sum(view(s)); return binary.BigEndian.Uint64(d[:]) }
	case SHA1:
		return func(s string) uint64 { d := sha1.Sum(view(s)); return binary.BigEndian.Uint64(d[:]) }
	case SHA224:
		return func(s string) uint64 { d := sha256.Sum224(view(s)); return binary.BigEndian.Uint64(d[:]) }
	case SHA256:
		return func(s string) uint64 { d := sha256.Sum256(view(s)); return binary.BigEndian.Uint64(d[:]) }
	case SHA384:
		return func(s string) uint64 { d := sha512.Sum384(view(s)); return binary.BigEndian.Uint64(d[:]) }
	case SHA512:
		return func(s string) uint64 { d := sha512.Sum512(view(s)); return binary.BigEndian.Uint64(d[:]) }
	case MMH32:
		return func(s string) uint64 { return uint64(murmur32(view(s), seed)) }
	case MMH64:
		sum := o.murmur128()
		return func(s string) uint64 { h1, _ := sum(view(s), seed); return h1 }
	case MMH128:
		sum := o.murmur128()
		return func(s string) uint64 { h1, h2 := sum(view(s), seed); return h1 ^ h2 }
	default:
		return o.sipHash()
	}
}
