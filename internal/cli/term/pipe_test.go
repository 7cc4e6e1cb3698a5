package term

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

type failingWriter struct {
	err    error
	writes int
}

func (f *failingWriter) Write([]byte) (int, error) {
	f.writes++
	return 0, f.err
}

func TestPastErrorsDiscardsTheRest(t *testing.T) {
	t.Parallel()
	full := &failingWriter{err: errors.New("full")}
	w, written := PastErrors(full)
	require.NoError(t, written())
	for range 3 {
		n, err := io.WriteString(w, "text")
		require.NoError(t, err)
		require.Equal(t, 4, n)
	}
	require.Equal(t, 1, full.writes)
	require.EqualError(t, written(), "full")
	require.Equal(t, ExitIO, ExitCode(written()))
}

// A closed pipe does not hide a failure, in either order.
func TestFirstFailure(t *testing.T) {
	t.Parallel()
	closed, full := fmt.Errorf("write: %w", brokenPipe), errors.New("full")
	require.NoError(t, FirstFailure(nil, nil))
	require.Equal(t, full, FirstFailure(closed, full))
	require.Equal(t, full, FirstFailure(full, closed))
	require.Equal(t, closed, FirstFailure(nil, closed))
}
