//go:build unix

package member

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// TestWaitForSecretEndsWithTheContext has a pipe that a writer holds open.
func TestWaitForSecretEndsWithTheContext(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	writer, err := os.OpenFile(pipe, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, writer.Close()) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	std := &term.Streams{Getenv: func(string) string { return "" }}
	o := Flags{secretFile: pipe}
	_, err = o.Config(ctx, std, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = ReadFile(ctx, pipe, MaxMetaFile)
	require.ErrorIs(t, err, context.Canceled)
}
