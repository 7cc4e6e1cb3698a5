//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
)

// lines are the lines of a program's output.
type lines chan string

func linesOf(r io.Reader) lines {
	l := make(lines, 1000)
	go func() {
		defer close(l)
		for s := bufio.NewScanner(r); s.Scan(); {
			l <- s.Text()
		}
	}()
	return l
}

// until skips lines until one contains a text.
func (l lines) until(t *testing.T, text string) {
	t.Helper()
	for timeout := time.After(patience); ; {
		select {
		case line, open := <-l:
			require.True(t, open, "the program exited without %q", text)
			if strings.Contains(line, text) {
				return
			}
		case <-timeout:
			require.FailNow(t, "not seen", "%q", text)
		}
	}
}

// TestWatchConsul watches a service of a real agent while its instances change and
// while the agent is killed and restarted without state.
func TestWatchConsul(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{Node: "demo"})
	web := func(id string) {
		agent.Register(consultest.Instance{Service: "web", ID: id, Address: "10.0.0.1", Port: 80})
	}
	web("a")
	cmd := exec.CommandContext(t.Context(), "proxenos", "watch", "-p", portOf(t, agent.Addr), "-s", "web")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	out, warnings := linesOf(stdout), linesOf(stderr)

	out.until(t, "1 node +demo/a")
	web("b")
	out.until(t, "2 nodes +demo/b")
	agent.Flip("a", "critical")
	out.until(t, "1 node -demo/a")
	agent.Kill()
	warnings.until(t, "connection refused")
	agent.Restart()
	web("c")
	out.until(t, "+demo/c")

	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	var exit *exec.ExitError
	for _, l := range []lines{out, warnings} {
		for range l { // read to the end before Wait closes the pipes
		}
	}
	require.ErrorAs(t, cmd.Wait(), &exit)
	assert.Equal(t, 130, exit.ExitCode())
}
