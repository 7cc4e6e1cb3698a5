package hash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

// Options are what some methods take beside the key. The zero value is what
// the Python original uses by default.
type Options struct {
	// Seed seeds the murmur methods. A negative seed is the uint32 with the
	// same bits.
	Seed int32
	// X86 makes MMH64 and MMH128 the variant for 32-bit machines, which is
	// another function with other results.
	X86 bool
	// Key is the key of SipHash; nil is DefaultKey.
	Key *[16]byte
}

// key returns the SipHash key to use.
func (o Options) key() [16]byte {
	if o.Key == nil {
		return DefaultKey
	}
	return *o.Key
}

// murmur128 returns the 128-bit variant that the options ask for.
func (o Options) murmur128() func(b []byte, seed uint32) (h1, h2 uint64) {
	if o.X86 {
		return murmur128x86
	}
	return murmur128x64
}

// Func returns the method as a function of 64 bits, which is what placement
// uses:
//
//	md5 sha1 sha224 sha256 sha384 sha512   the first eight bytes, big-endian
//	mmh3_32                                the 32 bits, in the low half
//	mmh3_64                                the first word of mmh3_128
//	mmh3_128                               its two words, exclusive or
//	siphash                                the result
//
// The function does not copy its argument and does not allocate. It is safe
// for any number of goroutines.
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
		return SipHash(o.key())
	}
}
