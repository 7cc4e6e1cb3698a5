//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// coprocess is a running proxenos select --follow on a file of nodes.
type coprocess struct {
	t       *testing.T
	cmd     *exec.Cmd
	file    string
	keys    io.WriteCloser
	answers *bufio.Reader
	log     lines
}

// startFollowing starts a coprocess whose file lists the node a.
func startFollowing(t *testing.T, args ...string) *coprocess {
	c := &coprocess{t: t, file: filepath.Join(t.TempDir(), "nodes.txt")}
	c.list("a")
	c.cmd = exec.CommandContext(t.Context(), "proxenos", append([]string{"select", "--follow", "-f", c.file, "-"}, args...)...)
	var err error
	c.keys, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	messages, err := c.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	c.answers, c.log = bufio.NewReader(out), linesOf(messages)
	return c
}

// list replaces the file of nodes.
func (c *coprocess) list(content string) {
	fresh := c.file + ".new"
	require.NoError(c.t, os.WriteFile(fresh, []byte(content+"\n"), 0o600))
	require.NoError(c.t, os.Rename(fresh, c.file))
}

// ask returns the answer for a key, or io.EOF if the coprocess has ended.
func (c *coprocess) ask(key string) (string, error) {
	_, _ = io.WriteString(c.keys, key+"\n")
	answer, err := c.answers.ReadString('\n')
	return strings.TrimSuffix(answer, "\n"), err
}

// askUntil asks for the key "key" until the answer is want.
func (c *coprocess) askUntil(want string) {
	c.t.Helper()
	var got string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var err error
		if got, err = c.ask("key"); got == want {
			return
		}
		require.NoError(c.t, err)
	}
	require.Equal(c.t, want, got)
}

// end closes the keys and returns the exit code.
func (c *coprocess) end() int {
	_ = c.keys.Close()
	for range c.log { // Wait closes the pipe
	}
	_ = c.cmd.Wait()
	return c.cmd.ProcessState.ExitCode()
}

const broken = "a w=x"

func TestSelectFollowAnswersFromNewNodes(t *testing.T) {
	t.Parallel()
	c := startFollowing(t)
	c.askUntil("key\ta")
	c.list("b")
	c.askUntil("key\tb")
	c.list(broken)
	c.log.until(t, "warning")
	c.askUntil("key\tb")
	c.list("c")
	c.askUntil("key\tc")
	assert.Equal(t, 0, c.end())
}

func TestSelectFollowEndsWhenNodesAreStale(t *testing.T) {
	t.Parallel()
	c := startFollowing(t, "--max-staleness", "20ms")
	c.askUntil("key\ta")
	c.list(broken)
	c.log.until(t, "warning")
	time.Sleep(30 * time.Millisecond) // more than --max-staleness
	_, err := c.ask("key")
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, 66, c.end())
}

// The end of the keys is no failure while no key waits for an answer.
func TestSelectFollowEndsWithItsKeys(t *testing.T) {
	t.Parallel()
	c := startFollowing(t, "--max-staleness", "20ms")
	c.askUntil("key\ta")
	c.list(broken)
	c.log.until(t, "warning")
	time.Sleep(30 * time.Millisecond) // more than --max-staleness
	assert.Equal(t, 0, c.end())
}

func TestSelectFollowMarksStaleAnswers(t *testing.T) {
	t.Parallel()
	c := startFollowing(t, "--max-staleness", "20ms", "--when-stale", "mark", "-o", "template={{(index .Nodes 0).ID}} {{.Stale}}")
	c.askUntil("a false")
	c.list(broken)
	c.askUntil("a true")
	c.list("b")
	c.askUntil("b false")
	assert.Equal(t, 0, c.end())
}

func TestSelectFollowEndsWithoutNodes(t *testing.T) {
	t.Parallel()
	c := startFollowing(t)
	c.askUntil("key\ta")
	c.list("# none")
	var err error
	for end := time.Now().Add(patience); err == nil && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		_, err = c.ask("key")
	}
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, 65, c.end())
}
