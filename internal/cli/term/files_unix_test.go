//go:build unix

package term

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe and a socket stay what they are: a state file is refused there, and a
// stream is written into the pipe.
func TestPipesAreStreamsAndNoStateFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, socket, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "socket"), filepath.Join(dir, "link")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, os.Symlink("pipe", link))
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer l.Close()
	for path, kind := range map[string]os.FileMode{pipe: os.ModeNamedPipe, socket: os.ModeSocket, link: os.ModeSymlink} {
		require.ErrorIs(t, CheckState("--save", path), ErrIO)
		require.Equal(t, ExitIO, ExitCode(WriteState("--save", path, []byte("x"))))
		info, err := os.Lstat(path)
		require.NoError(t, err)
		require.Equal(t, kind, info.Mode().Type())
	}

	read := make(chan string)
	go func() {
		content, _ := os.ReadFile(pipe)
		read <- string(content)
	}()
	require.NoError(t, (&Streams{}).WriteStream("-o", link, func(w io.Writer) error {
		_, err := io.WriteString(w, "moves")
		return err
	}))
	require.Equal(t, "moves", <-read)
	info, err := os.Lstat(pipe)
	require.NoError(t, err)
	require.Equal(t, os.ModeNamedPipe, info.Mode().Type())
}
