//go:build unix

package secret

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("0123456789"), 0o600))
	content, err := ReadFile(t.Context(), path, 10)
	require.NoError(t, err)
	require.Equal(t, "0123456789", string(content))
	_, err = ReadFile(t.Context(), path, 9)
	require.ErrorContains(t, err, "exceeds the limit of 9 bytes")
	_, err = ReadFile(t.Context(), "/dev/zero", MaxFile)
	require.ErrorContains(t, err, "exceeds the limit")
	_, err = ReadFile(t.Context(), filepath.Dir(path), MaxFile)
	require.ErrorContains(t, err, "is a directory")
	_, err = ReadFile(t.Context(), path+".none", MaxFile)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestReadFileFromAPipe has a writer that is slow, one that never writes, and none.
func TestReadFileFromAPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	start := time.Now()
	_, err = ReadFile(ctx, path, MaxFile)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(start), pipeTimeout)

	require.NoError(t, pipe.Close())
	_, err = ReadFile(t.Context(), path, MaxFile)
	require.EqualError(t, err, path+": the pipe is empty and has no writer")

	r, w, err := os.Pipe() // as <(command) makes it
	require.NoError(t, err)
	defer r.Close()
	time.AfterFunc(10*time.Millisecond, func() {
		_, _ = w.WriteString("slow")
		_ = w.Close()
	})
	content, err := ReadFile(t.Context(), fmt.Sprint("/dev/fd/", r.Fd()), MaxFile)
	require.NoError(t, err)
	require.Equal(t, "slow", string(content))
}

func TestLines(t *testing.T) {
	t.Parallel()
	const a, b = "0123456789abcdef", "fedcba9876543210"
	secrets, err := Lines([]byte(a + "\r\n\n" + b))
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte(a), []byte(b)}, secrets)
	for text, want := range map[string]string{
		"":                                  "the secret is empty",
		"\n\r\n":                            "the secret is empty",
		a[1:]:                               "line 1: the secret is too short: 15 of at least 16 bytes",
		a + "\nx\n":                         "line 2: the secret is too short: 1 of at least",
		a + "\x00":                          "line 1 of the secret is not text",
		"\xff" + a:                          "line 1 of the secret is not text",
		a[:8] + "\n" + a[:8]:                "line 1: the secret is too short: 8 of at least",
		string(bytes.Repeat([]byte{7}, 16)): "line 1 of the secret is not text: encode it as hex or base64",
	} {
		_, err := Lines([]byte(text))
		require.ErrorContains(t, err, want, "%q", text)
		if len(text) > 8 {
			require.NotContains(t, err.Error(), text[:8], "the error shows the secret")
		}
	}
}

func TestExposed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chmod(path, mode))
		require.Equal(t, want, Exposed(path), mode)
		require.NoError(t, os.Remove(path))
	}
	require.False(t, Exposed(path), "no file")
	require.False(t, Exposed("/dev/null"), "a device")
}
