package freeport_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

func TestPortsAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 500 {
		port := freeport.Take(t)
		require.False(t, seen[port], "port %d was returned twice", port)
		seen[port] = true
	}
}

func TestPortsAreFree(t *testing.T) {
	t.Parallel()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(freeport.Take(t)))
	l, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	p, err := net.ListenPacket("udp", addr)
	require.NoError(t, err)
	require.NoError(t, p.Close())
}

func TestRunsDoNotOverlap(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 20 {
		first := freeport.TakeRun(t, 40)
		for port := first; port < first+40; port++ {
			require.False(t, seen[port], "port %d was returned twice", port)
			seen[port] = true
		}
	}
}
