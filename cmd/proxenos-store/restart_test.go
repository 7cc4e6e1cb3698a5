package main

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// Five nodes are killed together and started together. They form one store again, and
// it has everything that was acknowledged.
func TestRestartOfAll(t *testing.T) {
	const keys = 300
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
		require.NoError(t, n.cmd.Process.Signal(syscall.SIGKILL))
	}
	for _, n := range nodes {
		require.Error(t, <-n.done)
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
	time.Sleep(500 * time.Millisecond) // in which the request would run
	answers(t, "k", "new", nodes...)
}
