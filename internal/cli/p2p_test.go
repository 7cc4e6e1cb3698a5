package cli

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/mapper/locator"
)

// p2pNode runs the command until stop is called.
func p2pNode(t *testing.T, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	std := &term.Streams{In: &bytes.Buffer{}, Out: &bytes.Buffer{}, Err: t.Output(), Getenv: func(string) string { return "" }}
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

// awaitMembers waits until a node knows count members.
func awaitMembers(t *testing.T, port, count int) {
	t.Helper()
	require.Eventually(t, func() bool { return members(t, port) == count }, time.Minute, 10*time.Millisecond)
}

func TestP2PNodesJoinAndLeave(t *testing.T) {
	t.Parallel()
	first := freeport.TakeRun(t, 40)
	begin := []string{"--first-port", strconv.Itoa(first)}
	p2pNode(t, begin...)
	awaitMembers(t, first, 1)
	stop := p2pNode(t, begin...)
	awaitMembers(t, first+1, 2)
	p2pNode(t, "-h", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+1)), "-p", strconv.Itoa(first+2))
	for port := first; port < first+3; port++ {
		awaitMembers(t, port, 3)
	}
	var out bytes.Buffer
	std := &term.Streams{In: &bytes.Buffer{}, Out: &out, Err: t.Output(), Getenv: func(string) string { return "" }}
	c := newRoot(std)
	c.SetArgs([]string{"select", "-b", "p2p", "-h", "127.0.0.1", "-p", strconv.Itoa(first), "-a", "hash-ring", "user:42"})
	require.NoError(t, c.ExecuteContext(t.Context()))
	owner, err := locator.NewClient("127.0.0.1:"+strconv.Itoa(first+2), locator.CallConfig{}).Owner(t.Context(), "user:42")
	require.NoError(t, err)
	assert.Equal(t, owner.Name+"\n", out.String(), "select agrees with the nodes")

	stop()
	awaitMembers(t, first, 2)
	awaitMembers(t, first+2, 2)
}

func TestP2POptions(t *testing.T) {
	t.Parallel()
	env := map[string]string{}
	parsed := func(o p2pOptions) (*p2pOptions, error) {
		o.std = &term.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Getenv: func(name string) string { return env[name] }}
		return &o, o.parse()
	}
	o, err := parsed(p2pOptions{peer: "::1:9900", trust: []string{"10.0.0.0/8"}})
	require.NoError(t, err)
	assert.Equal(t, "[::1]:9900", o.cfg.Peer)
	assert.Equal(t, "10.0.0.0/8", o.cfg.Trust[0].String())
	assert.Equal(t, 9900, o.cfg.First, "the default of 2009")

	env[envFirstPort] = "9950"
	o, err = parsed(p2pOptions{})
	require.NoError(t, err)
	assert.Equal(t, 9950, o.cfg.First)
	o, err = parsed(p2pOptions{cfg: locator.Config{First: 9990}})
	require.NoError(t, err)
	assert.Equal(t, 9990, o.cfg.First, "a flag overrides the environment")
	env[envFirstPort] = "0"
	_, err = parsed(p2pOptions{})
	require.ErrorContains(t, err, `PROXENOS_FIRST_PORT "0": must be from 1 to 65496`)
}
