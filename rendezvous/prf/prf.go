// Package prf provides hash functions and pseudorandom functions by name.
//
// What they return decides which node owns a key, so it is the same on every
// CPU and never changes:
//
//	h, err := prf.New("sha256", prf.Options{})
//	r, err := ring.New(servers, ring.Config[Server]{ID: Server.Name, Hash: h})
//
// Only siphash under a secret key resists keys that were chosen to overload one
// node. Its default key is published with the source.
package prf

import "unsafe"

// New returns the named function in its 64-bit form; see [Method.Func]. Names
// are those that [Parse] takes, and so are the errors.
func New(name string, opts Options) (func(string) uint64, error) {
	m, err := Parse(name)
	if err != nil {
		return nil, err
	}
	return m.Func(opts), nil
}

// Finalize spreads the entropy of a weak or short hash over all 64 bits. It is
// a bijection: the 64-bit finalizer of MurmurHash3 (Appleby, 2011). Packages
// rendezvous and ring apply it to every configured hash.
func Finalize(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return x
}

// view returns the bytes of a string without copying them, for functions that
// only read them.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
