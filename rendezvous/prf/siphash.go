package prf

import (
	"encoding/binary"

	"github.com/dchest/siphash"
)

// DefaultKey returns the SipHash key of the Python original. It is published, so
// it does not resist keys that were chosen to overload one node.
func DefaultKey() [16]byte { return defaultKey }

var defaultKey = [16]byte{
	0xd9, 0x06, 0xb0, 0x7a, 0x88, 0x13, 0x15, 0xce,
	0x30, 0x88, 0x47, 0xa8, 0xc4, 0xde, 0x69, 0xc6,
}

var defaultK0, defaultK1 = split(defaultKey)

// words returns the SipHash key as the two words that the algorithm takes.
func (o Options) words() (k0, k1 uint64) {
	if o.Key == nil {
		return defaultK0, defaultK1
	}
	return split(*o.Key)
}

func (o Options) sipHash() func(string) uint64 {
	k0, k1 := o.words()
	return func(s string) uint64 { return siphash.Hash(k0, k1, view(s)) }
}

func split(key [16]byte) (k0, k1 uint64) {
	return binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
}
