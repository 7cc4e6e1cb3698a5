// Package freeport reserves ports for servers that tests start as separate
// processes, where port 0 is not an option because others must know the port.
//
// A port that is merely free may be taken before the server listens on it, by
// another test or by the kernel for an outgoing connection. The ports of this
// package are therefore below the ephemeral range, also those 10000 above at which
// nodes of the store gossip. Each has a lock: another port on which the test that
// holds it listens.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ephemeral range begins at 32768 on Linux and at 49152 elsewhere.
const (
	first = 20000
	count = 2700 // with the ports 10000 above, these end below 32768
	locks = 6000 // distance of a lock from its port
)

// Take returns a port on 127.0.0.1 that is free for TCP and UDP. No other call
// returns it before the test ends.
func Take(t testing.TB) int {
	t.Helper()
	return TakeRun(t, 1)
}

// TakeRun is like [Take] for n consecutive ports, for servers that count up from
// a first port until they find a free one. It returns the first port.
func TakeRun(t testing.TB, n int) int {
	t.Helper()
	for range count {
		port := first + rand.IntN(count-n+1)
		if claims, ok := claim(port, n); ok {
			t.Cleanup(claims.release)
			return port
		}
	}
	t.Fatalf("no %d consecutive free ports from %d to %d", n, first, first+count-1)
	return 0
}

// claims are the listeners on the locks of ports.
type claims []net.Listener

func (c claims) release() {
	for _, l := range c {
		_ = l.Close()
	}
}

// claim reserves n ports from port on, or none of them.
func claim(port, n int) (claims, bool) {
	var c claims
	for p := port; p < port+n; p++ {
		l, err := net.Listen("tcp", loopback(p+locks))
		if err == nil {
			c = append(c, l)
		}
		if err != nil || !isFree(p) {
			c.release()
			return nil, false
		}
	}
	return c, true
}

func isFree(port int) bool {
	stream, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	defer stream.Close() //nolint:errcheck // it has no connections
	packets, err := net.ListenPacket("udp", loopback(port))
	if err != nil {
		return false
	}
	return packets.Close() == nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
