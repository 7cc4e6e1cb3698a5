package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/mapper/locator"
)

// client returns a client that reuses connections.
func client(t *testing.T, addr string) *rpc.Client {
	t.Helper()
	c := rpc.NewClient(addr, locator.CallConfig{Keep: 16, Limits: locator.Limits{Call: 10 * time.Second}})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// patience bounds waits that take a moment on an idle machine.
const patience = 2 * time.Minute

// retry repeats an operation until it succeeds: on a busy machine a node may take a
// slow one for dead, and refuse requests for a while.
func retry(t *testing.T, do func() error) {
	t.Helper()
	began := time.Now()
	err := do()
	for err != nil && time.Since(began) < patience {
		time.Sleep(50 * time.Millisecond)
		err = do()
	}
	assert.NoError(t, err)
}

// fill stores keys and returns once all are acknowledged.
func fill(t *testing.T, c *rpc.Client, keys int) {
	t.Helper()
	var group sync.WaitGroup
	for part := range 16 {
		group.Go(func() {
			for i := part; i < keys; i += 16 {
				retry(t, func() error { return c.Put(t.Context(), strconv.Itoa(i), "value of "+strconv.Itoa(i)) })
			}
		})
	}
	group.Wait()
}

// lost counts the keys without the value that fill stored.
func lost(t *testing.T, c *rpc.Client, keys int) int64 {
	t.Helper()
	var lost atomic.Int64
	var group sync.WaitGroup
	for part := range 16 {
		group.Go(func() {
			for i := part; i < keys; i += 16 {
				var value string
				var ok bool
				retry(t, func() (err error) {
					value, ok, err = c.Get(t.Context(), strconv.Itoa(i))
					return err
				})
				if !ok || value != "value of "+strconv.Itoa(i) {
					lost.Add(1)
				}
			}
		})
	}
	group.Wait()
	return lost.Load()
}

func TestKillOneOfFive(t *testing.T) {
	t.Parallel()
	const keys = 10_000
	nodes := grow(t, found(t), 4)
	fill(t, client(t, nodes[0].addr), keys)
	require.Error(t, nodes[2].end(syscall.SIGKILL))
	assert.Zero(t, lost(t, client(t, nodes[1].addr), keys))
}

func TestKillTwoOfFiveWithThreeReplicas(t *testing.T) {
	t.Parallel()
	const keys = 2000
	nodes := grow(t, found(t, "--replicas", "3"), 4, "--replicas", "3")
	fill(t, client(t, nodes[0].addr), keys)
	require.NoError(t, nodes[1].cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, nodes[3].end(syscall.SIGKILL))
	assert.Zero(t, lost(t, client(t, nodes[4].addr), keys))
}

// A reader runs while nodes join, leave and are killed.
func TestContinuousReader(t *testing.T) {
	t.Parallel()
	const keys = 500
	first := found(t)
	c := client(t, first.addr)
	fill(t, c, keys)
	ctx, cancel := context.WithCancel(t.Context())
	var reads, misses, failures atomic.Int64
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i = (i + 7) % keys {
				value, ok, err := c.Get(t.Context(), strconv.Itoa(i))
				reads.Add(1)
				switch {
				case err != nil:
					failures.Add(1)
				case !ok || value != "value of "+strconv.Itoa(i):
					misses.Add(1)
				}
			}
		})
	}
	nodes := grow(t, first, 3)
	assert.NoError(t, nodes[1].end(syscall.SIGTERM))
	assert.Error(t, nodes[2].end(syscall.SIGKILL))
	nodes = append(nodes, serve(t, "-h", first.addr, "-p", freePort(t)))
	assert.NoError(t, nodes[4].end(syscall.SIGINT))
	cancel()
	group.Wait()
	t.Logf("%d reads, %d misses, %d failures", reads.Load(), misses.Load(), failures.Load())
	assert.Zero(t, misses.Load())
	assert.Greater(t, reads.Load()-failures.Load(), int64(100))
}

// A node that is killed while it writes keeps what it has acknowledged.
func TestRestartWithData(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	args := []string{"--found", "-p", port, "--data", filepath.Join(dir, "data")}
	node := serve(t, args...)
	c := client(t, node.addr)
	var acknowledged atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; c.Put(context.Background(), strconv.Itoa(i), "value of "+strconv.Itoa(i)) == nil; i++ {
			acknowledged.Add(1)
		}
	}()
	require.Eventually(t, func() bool { return acknowledged.Load() > 100 }, patience, 5*time.Millisecond)
	require.Error(t, node.end(syscall.SIGKILL))
	<-done
	keys := int(acknowledged.Load())
	node = serve(t, args...)
	assert.Zero(t, lost(t, client(t, node.addr), keys))
	t.Logf("%d writes acknowledged before the kill, all present after it", keys)
	require.NoError(t, node.end(syscall.SIGTERM))
}

// A node that is killed and restarted at once under its name replaces itself.
func TestRestartAtOnce(t *testing.T) {
	t.Parallel()
	const keys = 500
	dir := t.TempDir()
	first := found(t)
	again := []string{"-h", first.addr, "-p", freePort(t), "--data", dir}
	second := serve(t, again...)
	serve(t, "-h", first.addr, "-p", freePort(t))
	fill(t, client(t, first.addr), keys)
	require.Error(t, second.end(syscall.SIGKILL))
	second = serve(t, again...)
	assert.Zero(t, lost(t, client(t, second.addr), keys))
	members(t, 3, first.addr, second.addr)
	require.NoError(t, second.end(syscall.SIGTERM))
	members(t, 2, first.addr)
	assert.Zero(t, lost(t, client(t, first.addr), keys))
}

// A node with a full disk refuses writes, keeps what it has acknowledged, and serves
// reads. A file size limit stands in for the full disk.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	limited := exec.Command("sh", "-c", `ulimit -f 512; exec "$0" "$@"`, os.Args[0], "serve", "--found", "-p", port, "--data", dir)
	node := launchCommand(t, limited).serves()
	c := client(t, node.addr)
	keys, big := 0, strings.Repeat("x", 20_000)
	for refused := false; !refused; {
		err := c.Put(t.Context(), strconv.Itoa(keys), big)
		if refused = strings.Contains(node.stderr(), "cannot use the data"); refused {
			require.Error(t, err)
		} else if err == nil {
			keys++
		}
	}
	assert.Contains(t, node.stderr(), "file too large")
	require.Greater(t, keys, 3)
	there := func(c *rpc.Client) {
		for i := range keys {
			var value string
			retry(t, func() (err error) {
				value, _, err = c.Get(t.Context(), strconv.Itoa(i))
				return err
			})
			require.Len(t, value, len(big))
		}
	}
	there(c)
	require.NoError(t, node.end(syscall.SIGTERM))
	there(client(t, serve(t, "--found", "-p", port, "--data", dir).addr))
}

func TestCorruptData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	require.NoError(t, os.WriteFile(path, []byte("dear diary, this is no database at all"), 0o600))
	_, stderr, code := run(t, "serve", "--found", "-p", freePort(t), "--data", dir)
	assert.Equal(t, 78, code)
	assert.Contains(t, stderr, "the data file is damaged")
	assert.Contains(t, stderr, "hint: the file was not changed")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "dear diary, this is no database at all", string(after))
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	node := found(t)
	_, port, err := net.SplitHostPort(node.addr)
	require.NoError(t, err)
	_, stderr, code := run(t, "serve", "--found", "-p", port)
	assert.Equal(t, 78, code)
	assert.Contains(t, stderr, "address in use")
	assert.Contains(t, stderr, "hint: leave out -p")
}

func TestGossipPortInUse(t *testing.T) {
	t.Parallel()
	port := freeport.Take(t)
	other, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+10_000)))
	if err == nil {
		defer func() { require.NoError(t, other.Close()) }()
	}
	first := found(t, "-p", strconv.Itoa(port))
	second := serve(t, "-h", first.addr, "-p", freePort(t))
	members(t, 2, first.addr, second.addr)
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	short := filepath.Join(t.TempDir(), "short")
	require.NoError(t, os.WriteFile(short, []byte("short\n"), 0o600))
	tests := []struct {
		args    string
		code    int
		message string
	}{
		{"get -h 127.0.0.1:1 a", 64, "unreachable"},
		{"put -h 127.0.0.1:1 a b", 64, "hint: start a node with: proxenos-store serve"},
		{"serve -h 127.0.0.1:1 -p 0", 64, "cannot join through"},
		{"get", 2, "takes the arguments [KEY], got []"},
		{"get -h localhost a", 2, "want host:port"},
		{"gte a", 2, `unknown command "gte": want one of`},
		{"serve --replicas 0", 2, "--replicas 0: want 1 to 100"},
		{"serve -p 70000", 2, "--port 70000"},
		{"serve --listen 0.0.0.0", 2, "--listen \"0.0.0.0\" requires --secret-file"},
		{"serve --secret-file /nonexistent", 78, "no such file"},
		{"serve --secret-file " + short, 78, "short: line 1: the secret is too short: 5 of at least 16 bytes"},
		{"get --secret-file " + short + " a", 78, "hint: make one with: openssl rand -hex 16"},
		{"get --secret-file /dev/zero a", 78, "exceeds the limit of 65536 bytes"},
		{"get --nonsense", 2, "unknown flag"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			out, stderr, code := run(t, strings.Fields(tt.args)...)
			assert.Equal(t, tt.code, code)
			assert.Contains(t, stderr, tt.message)
			assert.Empty(t, out)
		})
	}
}

// Two dozen nodes start at once.
func TestTwoDozen(t *testing.T) {
	if testing.Short() {
		t.Skip("two dozen processes")
	}
	began := time.Now()
	first := found(t)
	var group sync.WaitGroup
	for range 23 {
		group.Go(func() { serve(t, "-h", first.addr, "-p", freePort(t)) })
	}
	group.Wait()
	t.Logf("24 nodes serve after %v", time.Since(began))
	c := client(t, first.addr)
	require.Eventually(t, func() bool {
		nodes, err := c.Nodes(t.Context())
		return err == nil && len(nodes) == 24
	}, patience, 10*time.Millisecond)
}
