package batch_test

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/batch"
)

// TestDigits compares Digits with strconv: for every number of outputs up to four times
// those written at once, with and without a part of a stride after them, from states
// that carry into the high half and beyond 64 bits, and one whose output is 0.
func TestDigits(t *testing.T) {
	t.Parallel()
	for _, state := range []uint64{0, 1, math.MaxUint32, 1 << 63, math.MaxUint64, 0x61c8864680b583eb} {
		for n := range 34 {
			for _, part := range []int{0, 1, batch.DigitsStride - 1} {
				dst := bytes.Repeat([]byte{'-'}, n*batch.DigitsStride+part)
				want := 0
				if batch.HaveDigits() {
					want = n / 8 * 8
				}
				require.Equal(t, want, batch.Digits(dst, state), "%d outputs", n)
				text := plainDigits(state, want) + strings.Repeat("-", len(dst)-want*batch.DigitsStride)
				require.Equal(t, text, string(dst), "%d outputs from state %#x", n, state)
			}
		}
	}
}

// plainDigits is the definition of Digits, with hyphens for the bytes between.
func plainDigits(state uint64, outputs int) string {
	var b strings.Builder
	for range outputs {
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		fmt.Fprintf(&b, "%016s%s", strconv.FormatUint(z^z>>31, 16), strings.Repeat("-", batch.DigitsStride-16))
		state += 0x9e3779b97f4a7c15
	}
	return b.String()
}
