//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startSelect starts proxenos select with a pipe as standard input.
func startSelect(t *testing.T) (cmd *exec.Cmd, keys io.WriteCloser, answers *bufio.Reader) {
	cmd = exec.CommandContext(t.Context(), "proxenos", "select", "-n", "a", "-")
	cmd.Stderr = os.Stderr
	keys, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, keys, bufio.NewReader(out)
}

// ask sends a key and waits for its record while the pipe stays open.
func ask(t *testing.T, keys io.Writer, answers *bufio.Reader, key string) {
	_, err := io.WriteString(keys, key+"\n")
	require.NoError(t, err)
	answer, err := answers.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, key+"\ta\n", answer)
}

func TestSlowProducerGetsOutputAtOnce(t *testing.T) {
	t.Parallel()
	cmd, keys, answers := startSelect(t)
	for _, key := range []string{"one", "two", "three"} {
		ask(t, keys, answers, key)
	}
	require.NoError(t, keys.Close())
	require.NoError(t, cmd.Wait())
}

func TestInterruptWhileWaitingForKeys(t *testing.T) {
	t.Parallel()
	cmd, keys, answers := startSelect(t)
	ask(t, keys, answers, "one") // the signal handler is installed now
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	assert.Equal(t, 130, exit.ExitCode())
}
