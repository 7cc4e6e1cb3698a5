//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// Five nodes are killed together and started together. They form one store again, and
// it has everything that was acknowledged.
func TestRestartOfAll(t *testing.T) {
	t.Parallel()
	restartOfAll(t, syscall.SIGKILL)
}

// The same after nodes that left at the same time.
func TestRestartAfterTerminationOfAll(t *testing.T) {
	t.Parallel()
	restartOfAll(t, syscall.SIGTERM)
}

func restartOfAll(t *testing.T, signal syscall.Signal) {
	t.Helper()
	const keys = 100
	var args [][]string
	for range 5 {
		args = append(args, []string{"-p", freePort(t), "--data", t.TempDir()})
	}
	nodes := []*server{serve(t, append([]string{"--found"}, args[0]...)...)}
	for _, a := range args[1:] {
		nodes = append(nodes, serve(t, append([]string{"-h", nodes[0].addr}, a...)...))
	}
	fill(t, client(t, nodes[0].addr), keys)
	for _, n := range nodes {
		require.NoError(t, n.cmd.Process.Signal(signal))
	}
	for _, n := range nodes {
		assert.Equal(t, signal == syscall.SIGTERM, <-n.done == nil)
		n.done = nil
	}
	for i, a := range args {
		nodes[i] = launch(t, a...)
	}
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.serves().addr)
	}
	members(t, 5, addrs...)
	for _, addr := range addrs {
		assert.Zero(t, lost(t, client(t, addr), keys), addr)
	}
}

// Of four nodes that were killed together, three start again. They form one store, and
// the fourth joins it.
func TestRestartOfSome(t *testing.T) {
	t.Parallel()
	var args [][]string
	for range 4 {
		args = append(args, []string{"-p", freePort(t), "--data", t.TempDir()})
	}
	nodes := []*server{serve(t, append([]string{"--found"}, args[0]...)...)}
	for _, a := range args[1:] {
		nodes = append(nodes, serve(t, append([]string{"-h", nodes[0].addr}, a...)...))
	}
	for i := range 10 {
		_, stderr, code := run(t, "put", "-h", nodes[0].addr, fmt.Sprint("k", i), "v")
		require.Zero(t, code, stderr)
	}
	for _, n := range nodes {
		require.NoError(t, n.cmd.Process.Signal(syscall.SIGKILL))
	}
	for _, n := range nodes {
		require.Error(t, <-n.done)
		n.done = nil
	}
	for _, i := range []int{3, 1, 0} {
		nodes[i] = launch(t, args[i]...)
	}
	for _, i := range []int{3, 1, 0} {
		nodes[i].serves()
	}
	members(t, 3, nodes[0].addr, nodes[1].addr, nodes[3].addr)
	for i := range 10 {
		answers(t, fmt.Sprint("k", i), "v", nodes[0], nodes[1], nodes[3])
	}
	nodes[2] = serve(t, args[2]...)
	members(t, 4, nodes[0].addr, nodes[1].addr, nodes[2].addr, nodes[3].addr)
	for i := range 10 {
		answers(t, fmt.Sprint("k", i), "v", nodes...)
	}
}

// A node that knew members waits for them. It serves alone only with --found, and
// then the others join it.
func TestRestartAlone(t *testing.T) {
	t.Parallel()
	argsA, argsB := []string{"-p", freePort(t), "--data", t.TempDir()}, []string{"-p", freePort(t), "--data", t.TempDir()}
	a := serve(t, append([]string{"--found"}, argsA...)...)
	b := serve(t, append([]string{"-h", a.addr}, argsB...)...)
	_, stderr, code := run(t, "put", "-h", a.addr, "k", "v")
	require.Zero(t, code, stderr)
	for _, n := range []*server{a, b} {
		require.Error(t, n.end(syscall.SIGKILL))
	}
	a = launch(t, argsA...)
	require.Eventually(t, func() bool { return strings.Contains(a.stderr(), "--found starts without them") }, patience, 10*time.Millisecond)
	require.NoError(t, a.end(syscall.SIGTERM))
	assert.NotContains(t, a.stderr(), "Serving.")
	a = serve(t, append([]string{"--found"}, argsA...)...)
	answers(t, "k", "v", a)
	b = serve(t, argsB...)
	members(t, 2, a.addr, b.addr)
	answers(t, "k", "v", a, b)

	for _, n := range []*server{a, b} {
		require.Error(t, n.end(syscall.SIGKILL))
	}
	a, b = serve(t, append([]string{"--found"}, argsA...)...), serve(t, append([]string{"--found"}, argsB...)...)
	members(t, 2, a.addr, b.addr) // two stores of one label merge
	answers(t, "k", "v", a, b)
}

// Nodes with ports of their own, started at once, form one store.
func TestStartAtOnceWithPorts(t *testing.T) {
	t.Parallel()
	first := freeport.TakeRun(t, 40)
	var nodes []*server
	for i := range 4 {
		nodes = append(nodes, launch(t, "--first-port", strconv.Itoa(first), "-p", fmt.Sprint(first+2*i)))
	}
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.serves().addr)
	}
	members(t, 4, addrs...)
}

// A put fails as its node is stopped. When the node resumes it does not execute the
// put, which would overwrite a newer acknowledged one.
func TestStoppedNodeDropsOldRequest(t *testing.T) {
	t.Parallel()
	first := found(t)
	nodes := grow(t, first, 3)
	stopped := nodes[1]
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGSTOP))
	defer func() { _ = stopped.cmd.Process.Signal(syscall.SIGCONT) }()
	_, stderr, code := run(t, "put", "-h", stopped.addr, "k", "old")
	require.Equal(t, 74, code, stderr)
	require.Eventually(t, func() bool {
		_, _, code := run(t, "put", "-h", first.addr, "k", "new")
		return code == 0
	}, patience, 10*time.Millisecond)
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGCONT))
	members(t, 4, first.addr, stopped.addr)
	answers(t, "k", "new", nodes...)
	stopped.logs("a write is not executed: its client has given up")
	answers(t, "k", "new", nodes...)
}

// Both owners of a key are cut off for a write and for a deletion. When they are back,
// they receive it, and no node returns the old value. The tests in virtual time bound how
// long that takes.
func TestOwnersAwayForOneWrite(t *testing.T) {
	t.Parallel()
	net := newNetwork(t, 5)
	nodes := make([]*server, len(net.ports))
	at := map[string]int{}
	for i, port := range net.ports {
		args := []string{"-p", port, "--status", "127.0.0.1:0", "--found"}
		if i > 0 {
			args = append(args[:4], "-h", nodes[0].addr)
		}
		nodes[i] = newClock(t, 0).launchWith([]string{net.env(i)}, args...).serves()
		at[nodes[i].addr] = i
	}
	// A key that the first node does not own.
	key, owners := "", []string{nodes[0].addr}
	for i := 0; slices.Contains(owners, nodes[0].addr); i++ {
		key = "k" + strconv.Itoa(i)
		_, list := fetch(t, nodes[0].page()+"select?key="+key, "")
		owners = strings.Fields(list)
	}
	require.Len(t, owners, 2)
	received := func(owner string) (entries int) {
		t.Helper()
		_, metrics := fetch(t, nodes[at[owner]].page()+"metrics", "")
		_, rest, _ := strings.Cut(metrics, "\nproxenos_store_received_total ")
		_, err := fmt.Sscan(rest, &entries)
		require.NoError(t, err)
		return entries
	}
	away := func(args ...string) {
		t.Helper()
		net.split(at[owners[0]], at[owners[1]])
		require.Eventually(t, func() bool { _, _, code := run(t, args...); return code == 0 }, patience, time.Millisecond)
		before := []int{received(owners[0]), received(owners[1])}
		net.heal()
		for i, owner := range owners {
			require.Eventually(t, func() bool { return received(owner) > before[i] }, patience, 10*time.Millisecond, owner)
		}
	}
	_, stderr, code := run(t, "put", "-h", nodes[0].addr, key, "old")
	require.Zero(t, code, stderr)

	away("put", "-h", nodes[0].addr, key, "new")
	answers(t, key, "new", nodes...)

	away("delete", "-h", nodes[0].addr, key)
	for _, n := range nodes {
		out, _, code := run(t, "get", "-h", n.addr, key)
		assert.Equal(t, 1, code, "%s returns %q", n.addr, out)
	}
}

// A node copies many large values as it joins.
func TestJoinWithLargeValues(t *testing.T) {
	t.Parallel()
	const keys = 40
	first := found(t)
	value := strings.Repeat("x", 1<<20)
	c := client(t, first.addr)
	for i := range keys {
		retry(t, func() error { return c.Put(t.Context(), strconv.Itoa(i), value) })
	}
	second := serve(t, "-h", first.addr, "-p", freePort(t))
	assert.NotContains(t, second.stderr(), "failed")
	require.Error(t, first.end(syscall.SIGKILL))
	c = client(t, second.addr)
	for i := range keys {
		retry(t, func() error {
			got, ok, err := c.Get(t.Context(), strconv.Itoa(i))
			if err == nil && (!ok || got != value) {
				t.Errorf("key %d: found %v, %d bytes", i, ok, len(got))
			}
			return err
		})
	}
}

// The keys of one bucket exceed the limit of a message. They are listed, and copied to
// a node that joins.
func TestManyLargeKeysInABucket(t *testing.T) {
	t.Parallel()
	first := found(t)
	c := client(t, first.addr)
	var keys []string
	for i := 0; len(keys)*node.MaxKey <= 4<<20; i++ {
		key := strings.Repeat("k", node.MaxKey-8) + fmt.Sprintf("%08d", i)
		if kv.Bucket(key) == 0 {
			keys = append(keys, key)
			require.NoError(t, c.Put(t.Context(), key, ""))
		}
	}
	second := serve(t, "-h", first.addr, "-p", freePort(t))
	require.Error(t, first.end(syscall.SIGKILL))
	retry(t, func() error {
		got, err := client(t, second.addr).Keys(t.Context())
		if err == nil {
			assert.Equal(t, keys, got)
		}
		return err
	})
}

func TestMinCopies(t *testing.T) {
	t.Parallel()
	first := found(t, "--min-copies", "2")
	_, stderr, code := run(t, "put", "-h", first.addr, "k", "v")
	assert.Equal(t, 74, code)
	assert.Contains(t, stderr, "too few serving nodes (1) for the required copies (2)")
	serve(t, "-h", first.addr, "-p", freePort(t), "--min-copies", "2")
	_, stderr, code = run(t, "put", "-h", first.addr, "k", "v")
	assert.Zero(t, code, stderr)
}

// A data file that is removed or truncated under a running node is noticed. Requests
// fail, and the node still runs.
func TestDataFileDamagedWhileInUse(t *testing.T) {
	t.Parallel()
	for damage, harm := range map[string]func(path string) error{
		"removed":   os.Remove,
		"truncated": func(path string) error { return os.Truncate(path, 100) },
	} {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			node := found(t, "--data", dir)
			_, stderr, code := run(t, "put", "-h", node.addr, "k", "v")
			require.Zero(t, code, stderr)
			require.NoError(t, harm(filepath.Join(dir, "store.db")))
			var requests sync.WaitGroup
			for _, args := range [][]string{{"put", "-h", node.addr, "k", "v"}, {"get", "-h", node.addr, "k"}} {
				requests.Go(func() {
					_, stderr, code := run(t, args...)
					assert.Equal(t, 74, code, args)
					assert.Contains(t, stderr, "the data file is damaged: it was "+damage)
				})
			}
			requests.Wait()
			assert.Contains(t, node.stderr(), "it was "+damage)
			members(t, 1, node.addr)
		})
	}
}

func TestControlCharactersAndStandardInput(t *testing.T) {
	t.Parallel()
	node := found(t)
	_, stderr, code := run(t, "put", "-h", node.addr, "a\x1b[2J\nb", "v")
	require.Zero(t, code, stderr)
	out, _, _ := run(t, "list", "-h", node.addr)
	assert.Equal(t, "\"a\\x1b[2J\\nb\"\n", out)
	put := storeCommand("put", "-h", node.addr, "stdin", "-")
	put.Stdin = strings.NewReader("line\nend")
	require.NoError(t, put.Run())
	answers(t, "stdin", "line\nend", node)
}
