package hash

import (
	"encoding/binary"

	"github.com/dchest/siphash"
)

// DefaultKey is the SipHash key of the Python original. It is published, so it
// protects nobody from keys chosen to land on one node.
var DefaultKey = [16]byte{
	0xd9, 0x06, 0xb0, 0x7a, 0x88, 0x13, 0x15, 0xce,
	0x30, 0x88, 0x47, 0xa8, 0xc4, 0xde, 0x69, 0xc6,
}

var defaultK0, defaultK1 = split(DefaultKey)

// Default is SipHash-2-4 (Aumasson and Bernstein, 2012) under DefaultKey.
func Default(s string) uint64 { return siphash.Hash(defaultK0, defaultK1, view(s)) }

// SipHash returns SipHash-2-4 under a key.
func SipHash(key [16]byte) func(string) uint64 {
	k0, k1 := split(key)
	return func(s string) uint64 { return siphash.Hash(k0, k1, view(s)) }
}

func split(key [16]byte) (k0, k1 uint64) {
	return binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
}
