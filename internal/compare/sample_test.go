package compare

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
)

// TestSampleKeysNeverChange keeps figures of different runs comparable. The
// digits are the first outputs of splitmix64 seeded with 0.
func TestSampleKeysNeverChange(t *testing.T) {
	t.Parallel()
	keys, err := io.ReadAll(NewSample(3))
	require.NoError(t, err)
	assert.Equal(t, "proxenos-sample-e220a8397b1dcdaf\nproxenos-sample-6e789e6aa1b965f4\nproxenos-sample-06c45d188009454f\n", string(keys))
}

func TestSampleReadsWholeLines(t *testing.T) {
	t.Parallel()
	whole, err := io.ReadAll(NewSample(1000))
	require.NoError(t, err)
	assert.Equal(t, 1000, bytes.Count(whole, []byte("\n")))
	assert.Len(t, whole, int(SampleSize(1000)))
	for _, size := range []int{1, 32, 33, 34, 100} {
		pieces, err := io.ReadAll(&inPieces{NewSample(1000), size})
		require.NoError(t, err)
		assert.Equal(t, string(whole), string(pieces), "%d bytes per Read", size)
	}
	require.NoError(t, iotest.TestReader(NewSample(50), whole[:SampleSize(50)]))
	rest, err := io.ReadAll(NewSampleFrom(600, 400))
	require.NoError(t, err)
	assert.Equal(t, string(whole[SampleSize(600):]), string(rest))
	distinct := map[string]bool{}
	for line := range strings.Lines(string(whole)) {
		distinct[line] = true
	}
	assert.Len(t, distinct, 1000)
}

// inPieces reads at most size bytes per Read.
type inPieces struct {
	io.Reader
	size int
}

func (r *inPieces) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), r.size)]) }

func TestSampleReadDoesNotAllocate(t *testing.T) {
	s, buf := NewSample(1<<40), make([]byte, 64<<10)
	alloctest.None(t, func() {
		if _, err := s.Read(buf); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSampleFillsTheBuffer reads as many whole lines as fit in one Read, also where
// nothing is left over.
func TestSampleFillsTheBuffer(t *testing.T) {
	t.Parallel()
	const line = 33
	for size, want := range map[int]int{3 * line: 3 * line, 3*line + 5: 3 * line, 4*line - 1: 3 * line, line: line} {
		n, err := NewSample(10).Read(make([]byte, size))
		require.NoError(t, err)
		assert.Equal(t, want, n, "%d bytes", size)
	}
}

// TestSampleReadOfNothing has empty buffers, which must cost no line.
func TestSampleReadOfNothing(t *testing.T) {
	t.Parallel()
	s := NewSample(3)
	for range 2 {
		n, err := s.Read(nil)
		require.NoError(t, err)
		assert.Zero(t, n)
	}
	rest, err := io.ReadAll(s)
	require.NoError(t, err)
	assert.Len(t, rest, int(SampleSize(3)))
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
