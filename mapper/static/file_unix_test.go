//go:build unix

package static

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/fifo"
	"github.com/proxenos/proxenos/mapper"
)

func TestPipeIsReadOnceAndRemembered(t *testing.T) {
	t.Parallel()
	f := &File{Path: fifo.Make(t)}
	w, err := os.OpenFile(f.Path, os.O_RDWR, 0) // both ways, so as not to wait for the reader
	require.NoError(t, err)
	go func() {
		// More than the pipe holds, so that the reader has taken a part when the
		// last line is written.
		_, _ = w.WriteString("b\na\n" + strings.Repeat("#\n", 1<<16))
		_, _ = w.WriteString("c\n")
		_ = w.Close()
	}()
	for range 3 {
		nodes, err := f.Nodes(t.Context())
		require.NoError(t, err)
		require.Equal(t, []mapper.Node{{Name: "b"}, {Name: "a"}, {Name: "c"}}, nodes)
	}
}

func TestPipeWithoutWriter(t *testing.T) {
	t.Parallel()
	f := &File{Path: fifo.Make(t)}
	err := fifo.NotWaiting(t, f.Path, func() error {
		_, err := f.Nodes(t.Context())
		return err
	})
	require.ErrorContains(t, err, "the pipe is empty and has no writer")
}

func TestPipeThatStaysOpenEndsWithTheContext(t *testing.T) {
	t.Parallel()
	f := &File{Path: fifo.Make(t)}
	w, err := os.OpenFile(f.Path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	second := make(chan error)
	go func() {
		_, err := f.Nodes(ctx) // one of the two waits for the other
		second <- err
	}()
	_, err = f.Nodes(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, <-second, context.DeadlineExceeded)
}

func TestDevices(t *testing.T) {
	t.Parallel()
	nodes, err := (&File{Path: "/dev/null"}).Nodes(t.Context())
	require.NoError(t, err)
	require.Empty(t, nodes)
	_, err = (&File{Path: "/dev/zero"}).Nodes(t.Context())
	require.ErrorContains(t, err, "/dev/zero: larger than 67108864 bytes")
}
