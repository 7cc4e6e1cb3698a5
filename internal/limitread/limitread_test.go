package limitread

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReader(t *testing.T) {
	t.Parallel()
	r := New(strings.NewReader("0123456789"), 4)
	four := make([]byte, 4)
	for range 2 { // two messages of exactly the limit
		n, err := io.ReadFull(r, four)
		require.NoError(t, err)
		require.Equal(t, 4, n)
		r.Reset()
	}
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "89", string(rest))

	_, err = io.ReadAll(New(strings.NewReader("01234"), 4))
	require.EqualError(t, err, "the answer is larger than 4 bytes")
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{64 << 20: "64 MiB", 64 << 10: "64 KiB", 1000: "1000 bytes", 1<<20 + 1: "1048577 bytes"} {
		require.Equal(t, want, size(n))
	}
}
