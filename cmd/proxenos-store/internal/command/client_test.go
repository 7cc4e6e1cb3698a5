//go:build unix

package command

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSecretInAPipe has no writer, and then one that never writes while the command
// is interrupted.
func TestSecretInAPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	a := &access{secretFile: pipe}
	err := a.parse(t.Context(), t.Output())
	require.ErrorContains(t, err, "the pipe is empty and has no writer")
	_, code, _ := explain(err)
	assert.Equal(t, exitConfig, code)

	writer, err := os.OpenFile(pipe, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, writer.Close()) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, code, _ = explain(a.parse(ctx, t.Output()))
	assert.Equal(t, exitInterrupted, code)
}
