package prf

import (
	"encoding/binary"
	"math/bits"

	"github.com/proxenos/proxenos/internal/batch"
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
	return func(s string) uint64 { return sipHash(s, k0, k1) }
}

// sipHash is SipHash-2-4. It is faster than that of github.com/dchest/siphash, which
// Method.Append uses: no branch depends on how many bytes follow the whole words, and
// the lengths of keys are hard to predict.
func sipHash(s string, k0, k1 uint64) uint64 {
	b := view(s)
	v0, v1, v2, v3 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d, k0^0x6c7967656e657261, k1^0x7465646279746573
	var last uint64
	if len(b) >= 8 { // saves a call
		last = batch.LongLastWord(b)
	} else {
		last = batch.LastWord(b)
	}
	for i := 0; i <= len(b)-8; i += 8 {
		m := binary.LittleEndian.Uint64(b[i : i+8])
		v3 ^= m
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= m
	}
	v3 ^= last
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xff
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (_, _, _, _ uint64) {
	v0 += v1
	v2 += v3
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 = bits.RotateLeft64(v0, 32) + v3
	v2 += v1
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	return v0, v1, bits.RotateLeft64(v2, 32), v3
}

func split(key [16]byte) (k0, k1 uint64) {
	return binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
}
