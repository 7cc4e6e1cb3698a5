//go:build unix

package fifo

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recorder records whether a test would have failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestNotWaiting(t *testing.T) {
	defer func(before time.Duration) { patience = before }(patience)
	path, r := Make(t), &recorder{TB: t}
	open := func(flags int) func() error {
		return func() error {
			f, err := os.OpenFile(path, flags, 0)
			return errors.Join(err, f.Close())
		}
	}
	require.NoError(t, NotWaiting(r, path, open(os.O_RDONLY|syscall.O_NONBLOCK)))
	require.False(t, r.failed)
	patience = time.Millisecond
	require.NoError(t, NotWaiting(r, path, open(os.O_RDONLY)), "it returns all the same")
	require.True(t, r.failed)
}
