package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
	return c.launchWith(nil, args...)
}

// launchWith starts a node with this clock and environment variables.
func (c clock) launchWith(env []string, args ...string) *server {
	c.t.Helper()
	cmd := storeCommand(append([]string{"serve"}, args...)...)
	cmd.Env = append(append(cmd.Env, clockFile+"="+c.path), env...)
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

// answers checks what every node returns for a key.
func answers(t *testing.T, key, want string, nodes ...*server) {
	t.Helper()
	for _, n := range nodes {
		out, stderr, code := run(t, "get", "-h", n.addr, key)
		assert.Zero(t, code, stderr)
		assert.Equal(t, want+"\n", out, "key %s at %s", key, n.addr)
	}
}

// Six nodes with three replicas and clocks up to seven minutes apart write and delete in
// turn. Every node returns what was acknowledged last.
func TestSkewedNodesWriteInTurn(t *testing.T) {
	t.Parallel()
	first := found(t, "--replicas", "3")
	nodes := []*server{first}
	for _, skew := range []time.Duration{-4 * time.Minute, 3 * time.Minute, -90 * time.Second, 5 * time.Second, -4 * time.Minute} {
		nodes = append(nodes, newClock(t, skew).launch("-h", first.addr, "-p", freePort(t), "--replicas", "3").serves())
	}
	for i := range 24 {
		key := fmt.Sprint("k", i%5)
		at := nodes[(i*5+i/3)%len(nodes)]
		if i%4 == 3 {
			_, stderr, code := run(t, "delete", "-h", at.addr, key)
			require.Zero(t, code, stderr)
			for _, n := range nodes {
				_, _, code := run(t, "get", "-h", n.addr, key)
				assert.Equal(t, 1, code)
			}
			continue
		}
		_, stderr, code := run(t, "put", "-h", at.addr, key, fmt.Sprint(i))
		require.Zero(t, code, stderr)
		answers(t, key, fmt.Sprint(i), nodes...)
	}
}

// A node starts with a clock that is hours fast. Its writes fail and leave nothing, it
// reads what others write, and with the right clock it writes, too.
func TestFastClockFromStart(t *testing.T) {
	t.Parallel()
	first := found(t)
	other := serve(t, "-h", first.addr, "-p", freePort(t))
	for i := range 6 {
		_, stderr, code := run(t, "put", "-h", first.addr, fmt.Sprint("k", i), "v")
		require.Zero(t, code, stderr)
	}
	clock := newClock(t, 3*time.Hour)
	args := []string{"-h", first.addr, "-p", freePort(t), "--data", t.TempDir()}
	fast := clock.launch(args...).serves()
	for i := range 6 {
		_, stderr, code := run(t, "put", "-h", fast.addr, fmt.Sprint("k", i), "ahead")
		assert.Equal(t, 74, code, stderr)
		answers(t, fmt.Sprint("k", i), "v", first, other, fast)
		_, stderr, code = run(t, "put", "-h", other.addr, fmt.Sprint("k", i), "w")
		require.Zero(t, code, stderr)
		answers(t, fmt.Sprint("k", i), "w", first, other, fast)
	}
	require.NoError(t, fast.end(syscall.SIGTERM))
	clock.set(0)
	fast = clock.launch(args...).serves()
	for i := range 6 {
		answers(t, fmt.Sprint("k", i), "w", first, other, fast)
		_, stderr, code := run(t, "put", "-h", fast.addr, fmt.Sprint("k", i), "x")
		require.Zero(t, code, stderr)
	}
}

// The clock of a node jumps an hour ahead. Its writes fail and leave nothing, those
// of others succeed, and with the right clock it starts again.
func TestClockJumpsAhead(t *testing.T) {
	t.Parallel()
	first := found(t)
	clock := newClock(t, 0)
	args := []string{"-h", first.addr, "-p", freePort(t), "--data", t.TempDir()}
	fast := clock.launch(args...).serves()
	nodes := []*server{first, fast, serve(t, "-h", first.addr, "-p", freePort(t))}
	keys := []string{"a", "b", "c", "d", "e", "f"}
	for _, key := range keys {
		_, stderr, code := run(t, "put", "-h", fast.addr, key, "one")
		require.Zero(t, code, stderr)
	}
	clock.set(time.Hour)
	for _, key := range keys {
		_, stderr, code := run(t, "put", "-h", fast.addr, key, "ahead")
		assert.Equal(t, 74, code)
		assert.Contains(t, stderr, "clock difference too large")
		answers(t, key, "one", nodes...)
		_, stderr, code = run(t, "put", "-h", first.addr, key, "two")
		require.Zero(t, code, stderr)
		answers(t, key, "two", nodes...)
	}
	require.Error(t, fast.end(syscall.SIGKILL))
	clock.set(0)
	nodes[1] = clock.launch(args...).serves()
	for _, key := range keys {
		answers(t, key, "two", nodes...)
	}
}

// A store of one node ran an hour ahead. With the right clock it starts, and lists
// the entries that it sets aside.
func TestDataOfFastClockIsSetAside(t *testing.T) {
	t.Parallel()
	clock := newClock(t, time.Hour)
	args := []string{"--found", "-p", freePort(t), "--data", t.TempDir()}
	node := clock.launch(args...).serves()
	_, stderr, code := run(t, "put", "-h", node.addr, "k", "ahead")
	require.Zero(t, code, stderr)
	require.Error(t, node.end(syscall.SIGKILL))
	clock.set(0)
	node = clock.launch(args...).serves()
	assert.Contains(t, node.stderr(), `set aside an entry with a time too far ahead" key=k`)
	_, _, code = run(t, "get", "-h", node.addr, "k")
	assert.Equal(t, 1, code)
	_, stderr, code = run(t, "put", "-h", node.addr, "k", "right")
	require.Zero(t, code, stderr)
	answers(t, "k", "right", node)
}

// A node starts two minutes fast, is killed, and starts again with the right clock.
// It is a member again, and leaves in order.
func TestClockSetBackAtRestart(t *testing.T) {
	t.Parallel()
	first := found(t)
	third := serve(t, "-h", first.addr, "-p", freePort(t))
	clock := newClock(t, 2*time.Minute)
	args := []string{"-h", first.addr, "-p", freePort(t), "--data", t.TempDir()}
	node := clock.launch(args...).serves()
	require.Error(t, node.end(syscall.SIGKILL))
	clock.set(0)
	node = clock.launch(args...).serves()
	members(t, 3, first.addr, third.addr, node.addr)
	_, stderr, code := run(t, "put", "-h", node.addr, "k", "v")
	require.Zero(t, code, stderr)
	answers(t, "k", "v", first, third, node)
	began := time.Now()
	require.NoError(t, node.end(syscall.SIGTERM))
	assert.Less(t, time.Since(began), 30*time.Second)
	members(t, 2, first.addr, third.addr)
}

// The clock of one of three nodes with three replicas is 20 minutes slow. Writes fail
// and say why, the logs say it once, and the slow node is not ready.
func TestSlowClockStopsWritesVisibly(t *testing.T) {
	t.Parallel()
	first := found(t, "--replicas", "3", "--status", "127.0.0.1:0")
	clock := newClock(t, 0)
	slow := clock.launch("-h", first.addr, "-p", freePort(t), "--replicas", "3", "--status", "127.0.0.1:0").serves()
	third := serve(t, "-h", first.addr, "-p", freePort(t), "--replicas", "3", "--status", "127.0.0.1:0")
	members(t, 3, first.addr, slow.addr, third.addr)
	clock.set(-20 * time.Minute)
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		for _, n := range []*server{first, third} {
			_, stderr, code := run(t, "put", "-h", n.addr, key, "v")
			assert.Equal(t, 74, code)
			assert.Contains(t, stderr, "clock difference too large: version of ")
			assert.Contains(t, stderr, ", local clock ")
		}
	}
	const line = "the clocks of this node and another differ too much"
	assert.Equal(t, 1, strings.Count(first.stderr(), line), first.stderr())
	assert.Equal(t, 2, strings.Count(slow.stderr(), line), slow.stderr())
	ready := func(n *server) (code int, body string) {
		return fetch(t, n.page()+"readyz", "")
	}
	code, body := ready(slow)
	assert.Equal(t, 503, code)
	assert.Contains(t, body, "other nodes (2 of 2)")
	for _, n := range []*server{first, third} {
		code, body = ready(n)
		assert.Equal(t, 200, code, body)
	}
	_, stderr, code := run(t, "put", "-h", slow.addr, "a", "v")
	assert.Equal(t, 74, code)
	assert.Contains(t, stderr, "clock difference too large")
}

// A joining node with a slow clock logs why it cannot join.
func TestSlowClockCannotJoin(t *testing.T) {
	t.Parallel()
	first := found(t)
	_, stderr, code := run(t, "put", "-h", first.addr, "k", "v")
	require.Zero(t, code, stderr)
	slow := newClock(t, -20*time.Minute).launch("-h", first.addr, "-p", freePort(t))
	slow.logs("clock difference too large")
	assert.LessOrEqual(t, strings.Count(slow.stderr(), "\n"), 10, slow.stderr())
	require.NoError(t, slow.end(syscall.SIGTERM))
}

// Keys are deleted while a node is away for 25 hours, after which the others have
// forgotten the deletions. The keys do not come back with the node.
func TestAwayForLongerThanADay(t *testing.T) {
	t.Parallel()
	clocks := []clock{newClock(t, 0), newClock(t, 0), newClock(t, 0)}
	args := [][]string{
		{"-p", freePort(t), "--found"},
		{"-p", freePort(t), "--data", t.TempDir()},
		{"-p", freePort(t)},
	}
	nodes := []*server{clocks[0].launch(args[0]...).serves()}
	for i := 1; i < 3; i++ {
		args[i] = append(args[i], "-h", nodes[0].addr)
		nodes = append(nodes, clocks[i].launch(args[i]...).serves())
	}
	keys := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
	for _, key := range keys {
		_, stderr, code := run(t, "put", "-h", nodes[0].addr, key, "v")
		require.Zero(t, code, stderr)
	}
	require.Error(t, nodes[1].end(syscall.SIGKILL))
	for _, key := range keys {
		require.Eventually(t, func() bool {
			_, _, code := run(t, "delete", "-h", nodes[0].addr, key)
			return code == 0
		}, patience, 10*time.Millisecond)
	}
	for _, c := range clocks {
		c.set(25 * time.Hour)
	}
	// A change of membership makes the nodes drop expired tombstones.
	require.NoError(t, nodes[2].end(syscall.SIGTERM))
	nodes[2] = clocks[2].launch(args[2]...).serves()
	nodes[1] = clocks[1].launch(args[1]...).serves()
	assert.Contains(t, nodes[1].stderr(), "set the data aside")
	for _, key := range keys {
		for _, n := range nodes {
			out, stderr, code := run(t, "get", "-h", n.addr, key)
			assert.Equal(t, 1, code, "key %s at %s: %s%s", key, n.addr, out, stderr)
		}
	}
}
