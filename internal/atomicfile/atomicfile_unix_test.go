//go:build unix

package atomicfile

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/fifo"
)

// TestPipeIsNeitherReadNorReplaced uses a pipe as an example of files that
// are not regular.
func TestPipeIsNeitherReadNorReplaced(t *testing.T) {
	t.Parallel()
	path := fifo.Make(t)
	link := path + "-link"
	require.NoError(t, os.Symlink(path, link))
	for _, p := range []string{path, link} {
		require.ErrorIs(t, Write(p, []byte("x"), 0o600), ErrNotRegular)
		err := fifo.NotWaiting(t, path, func() error {
			_, err := Read(p, 5)
			return err
		})
		require.ErrorIs(t, err, ErrNotRegular)
	}
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, os.ModeNamedPipe, info.Mode().Type())
}
