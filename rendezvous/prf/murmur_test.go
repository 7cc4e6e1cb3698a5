package prf

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestMurmurVerification computes what the author's SMHasher prints as the
// verification value of each function: the hash of the hashes of 256 keys
// {}, {0}, {0, 1}, … under the seeds 256, 255, …
func TestMurmurVerification(t *testing.T) {
	t.Parallel()
	words := func(f func([]byte, uint32) (uint64, uint64)) func([]byte, uint32) []byte {
		return func(b []byte, seed uint32) []byte {
			h1, h2 := f(b, seed)
			return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, h1), h2)
		}
	}
	for _, c := range []struct {
		name string
		sum  func([]byte, uint32) []byte
		want uint32
	}{
		{"x86_32", func(b []byte, seed uint32) []byte {
			return binary.LittleEndian.AppendUint32(nil, murmur32(b, seed))
		}, 0xb0f57ee3},
		{"x86_128", words(murmur128x86), 0xb3ece62a},
		{"x64_128", words(murmur128x64), 0x6384ba69},
		{"x64_128 portable", words(portable128x64), 0x6384ba69},
	} {
		t.Run(c.name, func(t *testing.T) {
			var key, hashes []byte
			for i := range 256 {
				hashes = append(hashes, c.sum(key, uint32(256-i))...)
				key = append(key, byte(i))
			}
			got := binary.LittleEndian.Uint32(c.sum(hashes, 0))
			assert.Equal(t, c.want, got, "got %#x, want %#x", got, c.want)
		})
	}
}

// TestMurmur128Agrees compares the library with the portable code on inputs of
// every length and alignment. On machines that do not use the library it compares
// the portable code with itself.
func TestMurmur128Agrees(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	buffer := make([]byte, 300)
	for i := range buffer {
		buffer[i] = byte(r.Uint32())
	}
	for start := range 16 {
		for size := range 200 {
			b, seed := buffer[start:start+size], r.Uint32()
			g1, g2 := murmur128x64(b, seed)
			w1, w2 := portable128x64(b, seed)
			assert.Equal(t, [2]uint64{w1, w2}, [2]uint64{g1, g2}, "start %d, size %d", start, size)
		}
	}
}

func BenchmarkMurmur128Portable(b *testing.B) {
	for _, size := range []int{8, 20, 64, 1024} {
		key := make([]byte, size)
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				portable128x64(key, 0)
			}
		})
	}
}
