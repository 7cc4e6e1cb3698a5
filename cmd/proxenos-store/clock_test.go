package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clock is the clock of a node in a process.
type clock struct {
	t    *testing.T
	path string
}

func newClock(t *testing.T, offset time.Duration) clock {
	t.Helper()
	c := clock{t, filepath.Join(t.TempDir(), "clock")}
	c.set(offset)
	return c
}

// set changes the offset of the clock, also while the node runs.
func (c clock) set(offset time.Duration) {
	c.t.Helper()
	next := c.path + ".next"
	require.NoError(c.t, os.WriteFile(next, []byte(offset.String()), 0o600))
	require.NoError(c.t, os.Rename(next, c.path))
}

// launch starts a node with this clock.
func (c clock) launch(args ...string) *server {
	c.t.Helper()
	cmd := storeCommand(append([]string{"serve"}, args...)...)
	cmd.Env = append(cmd.Env, clockFile+"="+c.path)
	return launchCommand(c.t, cmd)
}

// A node whose clock is 5 seconds slow writes and deletes after other nodes did. What
// it acknowledges is what all nodes return.
func TestSlowNodeWrites(t *testing.T) {
	t.Parallel()
	nodes := grow(t, found(t), 3)
	slow := newClock(t, -5*time.Second).launch("-h", nodes[0].addr, "-p", freePort(t)).serves()
	nodes = append(nodes, slow)
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		_, stderr, code := run(t, "put", "-h", nodes[0].addr, key, "one")
		require.Zero(t, code, stderr)
		_, stderr, code = run(t, "put", "-h", slow.addr, key, "two")
		require.Zero(t, code, stderr)
		for _, n := range nodes {
			out, stderr, code := run(t, "get", "-h", n.addr, key)
			assert.Zero(t, code, stderr)
			assert.Equal(t, "two\n", out, "key %s at %s", key, n.addr)
		}
		_, stderr, code = run(t, "delete", "-h", slow.addr, key)
		require.Zero(t, code, stderr)
		for _, n := range nodes {
			_, _, code := run(t, "get", "-h", n.addr, key)
			assert.Equal(t, 1, code, "deleted key %s at %s", key, n.addr)
		}
	}
}
