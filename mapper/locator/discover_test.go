package locator

import (
	"context"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// serveAfter calls before and then serves until the test ends.
func serveAfter(t *testing.T, s *Server, before func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		before()
		done <- s.Serve(ctx, nil)
	}()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-done) })
}

// Nodes use consecutive ports, and a new node finds the first of the same service
// type. So a network on one machine needs no configuration.
func TestDiscover(t *testing.T) {
	t.Parallel()
	first := freeport.TakeRun(t, 40)
	at := func(i int) string { return net.JoinHostPort("localhost", strconv.Itoa(first+i)) }
	find := func(service string) (string, bool) {
		return Discover(t.Context(), first, PeerPorts, service, CallConfig{})
	}
	_, ok := find("locator.Locator")
	require.False(t, ok, "no node yet")

	silent, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first)))
	require.NoError(t, err)
	go func() {
		for conn, err := silent.Accept(); err == nil; conn, err = silent.Accept() {
			_ = conn.Close()
		}
	}()
	defer func() { require.NoError(t, silent.Close()) }()
	for i, services := range [][]string{{"locator.Base", "locator.Locator", "greeter.Greeter"}, nil, nil} {
		s, err := Listen(t.Context(), Config{First: first, Services: services, Refresh: -1, Log: testLog(t)})
		require.NoError(t, err)
		assert.Equal(t, first+1+i, portNumber(t, s.Self()), "the first free port")
		serveAfter(t, s, func() {})
	}
	addr, ok := find("locator.Locator")
	require.True(t, ok)
	assert.Equal(t, at(2), addr, "skips another program and another service")
	addr, ok = find("greeter.Greeter")
	require.True(t, ok)
	assert.Equal(t, at(1), addr)
}

func TestNoFreePort(t *testing.T) {
	t.Parallel()
	first := freeport.TakeRun(t, 40)
	var servers []*Server
	for {
		s, err := Listen(t.Context(), Config{First: first})
		if err != nil {
			require.ErrorIs(t, err, ErrAddressInUse)
			require.ErrorContains(t, err, "every port from "+strconv.Itoa(first)+" to "+strconv.Itoa(first+portTries-1))
			break
		}
		servers = append(servers, s)
	}
	assert.Len(t, servers, portTries)
	for _, s := range servers {
		require.NoError(t, s.Close())
	}
}

// None of the nodes that start at once finds a peer before it listens. The first one
// starts the network, and the others join it even if it serves late.
func TestDiscoverEarlier(t *testing.T) {
	t.Parallel()
	first := freeport.TakeRun(t, 40)
	var all []*Server
	for range 4 {
		s, err := Listen(t.Context(), Config{First: first, Log: testLog(t)})
		require.NoError(t, err)
		all = append(all, s)
	}
	var found [4]atomic.Bool
	for i, s := range slices.Backward(all) {
		serveAfter(t, s, func() {
			_, ok := s.DiscoverEarlier(t.Context())
			found[i].Store(ok)
		})
	}
	for _, s := range all {
		require.Eventually(t, func() bool { return len(s.members.load().nodes) == len(all) }, time.Minute, 10*time.Millisecond)
	}
	for i := range found {
		require.Equal(t, i > 0, found[i].Load(), "node %d", i)
	}
}

func TestDiscoverEarlierDoesNotApply(t *testing.T) {
	t.Parallel()
	first := freeport.TakeRun(t, 40)
	earlier, err := Listen(t.Context(), Config{First: first, Log: testLog(t)})
	require.NoError(t, err)
	serveAfter(t, earlier, func() {})
	for _, cfg := range []Config{
		{First: first, Port: first + 5},
		{First: first, Peer: "localhost:1"},
		{First: first + 3},
		{First: first, Services: []string{"greeter.Greeter"}},
	} {
		s, err := Listen(t.Context(), cfg)
		require.NoError(t, err)
		_, ok := s.DiscoverEarlier(t.Context())
		require.False(t, ok, "%+v", cfg)
		require.NoError(t, s.Close())
	}
}

func TestZeroConfigTakesAnyPort(t *testing.T) {
	t.Parallel()
	first, err := Listen(t.Context(), Config{})
	require.NoError(t, err)
	second, err := Listen(t.Context(), Config{})
	require.NoError(t, err)
	assert.NotEqual(t, portNumber(t, first.Self()), portNumber(t, second.Self()))
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
}

func TestPortsOutOfRange(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{Port: -1}, {Port: 65536}, {First: -1}, {First: 65497}} {
		_, err := Listen(t.Context(), cfg)
		require.ErrorContains(t, err, "want 0 to 65", "%+v", cfg)
	}
}
