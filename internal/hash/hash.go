// Package hash holds the hash functions and PRFs that have a name here, and
// the finaliser that both schemes put behind every function a caller plugs in.
//
// What a function returns decides who owns a key, so it is the same on every
// CPU and never changes.
package hash

import "unsafe"

// Finalise spreads the entropy of a weak or short hash over all 64 bits. It is
// a bijection: the 64-bit finaliser of MurmurHash3 (Appleby, 2011).
func Finalise(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return x
}

// view lends the bytes of a string to a function that only reads them: a
// conversion would copy every key.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
