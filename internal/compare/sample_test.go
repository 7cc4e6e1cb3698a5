package compare

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
)

// TestSampleKeysNeverChange keeps figures of different runs comparable. The
// digits are the first outputs of splitmix64 seeded with 0.
func TestSampleKeysNeverChange(t *testing.T) {
	t.Parallel()
	keys := NewSampleKeys(3).Make(0, 3)
	assert.Equal(t, []string{"proxenos-sample-e220a8397b1dcdaf", "proxenos-sample-6e789e6aa1b965f4", "proxenos-sample-06c45d188009454f"}, keys)
	assert.Equal(t, int64(len(strings.Join(keys, "\n")+"\n")), SampleSize(3))
}

// TestSampleKeysAreDistinct has the beginning of the sample.
func TestSampleKeysAreDistinct(t *testing.T) {
	t.Parallel()
	distinct := map[string]bool{}
	for i := range int64(1000) {
		distinct[string(AppendSampleKey(nil, i))] = true
	}
	assert.Len(t, distinct, 1000)
}

func TestHexDigits(t *testing.T) {
	t.Parallel()
	for x := uint32(0); x < 1<<16; x++ {
		for _, v := range []uint32{x, x << 16, x * 0x9e3779b1} {
			got := binary.LittleEndian.AppendUint64(nil, hexDigits(v))
			if want := fmt.Sprintf("%08x", v); string(got) != want {
				t.Fatalf("digits of %#x are %q, want %q", v, got, want)
			}
		}
	}
}

// TestBlocksOfASample has blocks of every size, from where a counter of the vectors
// carries.
func TestBlocksOfASample(t *testing.T) {
	block := NewSampleKeys(40)
	for _, first := range []int64{0, 1, 12345, 1<<32 - 3, math.MaxInt64 - 40} {
		for n := range 41 {
			keys := block.Make(first, n)
			require.Len(t, keys, n)
			for i, key := range keys {
				require.Equal(t, string(AppendSampleKey(nil, first+int64(i))), key, "%d of %d from %d on", i, n, first)
			}
		}
	}
	alloctest.None(t, func() { block.Make(7, 40) })
}
