package cli

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper/locator"
)

// freePort returns a port that was free just now, and that no connection will
// take as its own end: those are above 32767 here.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 19000 + rand.N(900)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
	t.Fatal("no free port from 19000 to 19900")
	return 0
}

// p2pNode runs the command until the function it returns is called.
func p2pNode(t *testing.T, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	std := &streams{In: &bytes.Buffer{}, Out: &bytes.Buffer{}, Err: t.Output(), Getenv: func(string) string { return "" }}
	done := make(chan error, 1)
	go func() {
		c := newRoot(std)
		c.SetArgs(append([]string{"p2p"}, args...))
		done <- c.ExecuteContext(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); assert.NoError(t, <-done) })
	t.Cleanup(stop)
	return stop
}

func members(t *testing.T, port int) int {
	nodes, err := locator.NewClient(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), locator.CallConfig{}).Nodes(t.Context())
	if err != nil {
		return -1
	}
	return len(nodes)
}

func TestP2PNodesJoinAndLeave(t *testing.T) {
	first, second := freePort(t), freePort(t)
	is := func(port, count int) func() bool { return func() bool { return members(t, port) == count } }
	p2pNode(t, "-p", strconv.Itoa(first), "-h", "127.0.0.1:"+strconv.Itoa(lonely(t)))
	require.Eventually(t, is(first, 2), 10*time.Second, 10*time.Millisecond)
	stop := p2pNode(t, "-p", strconv.Itoa(second), "-h", "127.0.0.1:"+strconv.Itoa(first))
	require.Eventually(t, is(second, 3), 10*time.Second, 10*time.Millisecond)
	require.Eventually(t, is(first, 3), 10*time.Second, 10*time.Millisecond)
	var out bytes.Buffer
	std := &streams{In: &bytes.Buffer{}, Out: &out, Err: t.Output(), Getenv: func(string) string { return "" }}
	c := newRoot(std)
	c.SetArgs([]string{"select", "-b", "p2p", "-h", "127.0.0.1", "-p", strconv.Itoa(first), "-a", "hash-ring", "user:42"})
	require.NoError(t, c.ExecuteContext(t.Context()))
	owner, err := locator.NewClient("127.0.0.1:"+strconv.Itoa(second), locator.CallConfig{}).Owner(t.Context(), "user:42")
	require.NoError(t, err)
	assert.Equal(t, owner.Name+"\n", out.String(), "select agrees with the nodes")

	stop()
	require.Eventually(t, is(first, 2), 10*time.Second, 10*time.Millisecond)
}

// lonely starts a node of a network of its own. It is given no -h, which would
// look for nodes on this machine and might find somebody's.
func lonely(t *testing.T) int {
	t.Helper()
	server, err := locator.Listen(t.Context(), locator.Config{Port: locator.AnyPort, Scheme: hashRing})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, nil) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-done) })
	_, port, err := net.SplitHostPort(server.Self().Addr)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	return number
}

func TestP2POptions(t *testing.T) {
	std := &streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
	o := &p2pOptions{std: std, peer: "::1:9900", trust: []string{"10.0.0.0/8"}}
	require.NoError(t, o.parse())
	assert.Equal(t, "[::1]:9900", o.cfg.Peer)
	assert.Equal(t, "10.0.0.0/8", o.cfg.Trust[0].String())
}
