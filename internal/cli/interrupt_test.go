package cli

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// A signal ends counting with its exit code and leaves no goroutines.
func TestInterruptEndsCounting(t *testing.T) {
	defer goleak.VerifyNone(t)
	var out, errors bytes.Buffer
	ctx, cancel := context.WithCancelCause(context.Background())
	in, writer := io.Pipe()
	std := &term.Streams{In: in, Out: &out, Err: &errors, Getenv: func(string) string { return "" }}
	code := make(chan int)
	go func() { code <- run(ctx, std, []string{"balance", "-n", "a", "--keys", "-"}) }()
	_, err := writer.Write([]byte("key\n"))
	require.NoError(t, err)
	cancel(term.InterruptError{})
	assert.Equal(t, term.ExitInterrupted, <-code)
	assert.Empty(t, out.String())
	assert.Empty(t, errors.String())
	require.NoError(t, writer.Close())
}

func TestProgressIsSilentForShortWork(t *testing.T) {
	t.Parallel()
	out, errors, code := command("one\ntwo\n", "balance", "-n", "a", "-n", "b", "--keys", "-")
	assert.Equal(t, term.ExitDone, code)
	assert.Contains(t, out, "keys           2\n")
	assert.Empty(t, errors)
}
