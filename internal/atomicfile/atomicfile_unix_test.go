//go:build unix

package atomicfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPipeIsNeitherReadNorReplaced uses a pipe as an example of files that
// are not regular.
func TestPipeIsNeitherReadNorReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	link := path + "-link"
	require.NoError(t, os.Symlink(path, link))
	for _, p := range []string{path, link} {
		require.ErrorIs(t, Write(p, []byte("x"), 0o600), ErrNotRegular)
		_, err := Read(p, 5)
		require.ErrorIs(t, err, ErrNotRegular, "it does not wait for a writer")
	}
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, os.ModeNamedPipe, info.Mode().Type())
}
