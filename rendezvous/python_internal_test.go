package rendezvous

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/mt"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

func TestAbsXor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		n    int64
		a    uint64
		want uint64
	}{
		{"positive", 6, 3, 5},
		{"negative", -6, 3, 7},
		{"minus one flips every bit", -1, 5, 6},
		{"most negative", -1 << 63, 1<<63 - 1, 1},
		{"most negative, nothing to flip", -1 << 63, 0, 1 << 63},
		{"zero", 0, 9, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := integerOf(c.n)
			require.Equal(t, strconv.FormatInt(c.n, 10), n.Big().String())
			got := absXor(n, c.a)
			assert.Equal(t, c.want, uint64(got[1])<<32|uint64(got[0]))
			// The language has the same two's complement as Python within 64 bits.
			signed := c.n ^ int64(c.a)
			if signed < 0 {
				signed = -signed
			}
			assert.Equal(t, c.want, uint64(signed))
		})
	}
}

func integerOf(n int64) (i prf.Integer) {
	abs := uint64(n)
	if n < 0 {
		i.Negative, abs = true, -abs
	}
	i.Abs[0], i.Abs[1] = uint32(abs), uint32(abs>>32)
	return i
}

func TestAbsXorKeepsHighWords(t *testing.T) {
	t.Parallel()
	got := absXor(prf.SHA512.Integer(prf.Options{}, "key"), 1)
	want := mt.Seed(prf.SHA512.Integer(prf.Options{}, "key").Abs)
	want[0] ^= 1
	assert.Equal(t, want, got)
	assert.NotZero(t, got[15])
}
