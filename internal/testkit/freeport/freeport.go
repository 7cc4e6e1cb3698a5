// Package freeport finds ports for servers that tests start as processes of
// their own, where port 0 is no choice because others must know the port.
//
// A port that was free a moment ago is nobody's: the kernel may give it to
// another test or to the near end of a connection before the server has it. So
// these ports are below those that kernels give away, and a test that has one
// keeps a listener on a second port that belongs to the first, which every
// other test would need before taking it.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Linux gives away ports from 32768 and others from 49152 on.
const (
	first = 20000
	count = 6000 // ports; as many above them say which are taken
)

// Take returns a port of loopback that nobody uses over TCP or UDP, and that
// no other caller gets before the test ends.
func Take(t testing.TB) int {
	t.Helper()
	return TakeRun(t, 1)
}

// TakeRun is Take for n ports in a row, for servers that count up from the first
// until they find a free one. It returns the first.
func TakeRun(t testing.TB, n int) int {
	t.Helper()
	for range count {
		port := first + rand.IntN(count-n+1)
		if claims, ok := claim(port, n); ok {
			t.Cleanup(claims.release)
			return port
		}
	}
	t.Fatalf("no %d free ports from %d to %d", n, first, first+count)
	return 0
}

// claims are the listeners that keep other tests away.
type claims []net.Listener

func (c claims) release() {
	for _, l := range c {
		_ = l.Close()
	}
}

// claim takes all of n ports, or none.
func claim(port, n int) (claims, bool) {
	var c claims
	for p := port; p < port+n; p++ {
		l, err := net.Listen("tcp", loopback(p+count))
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
	defer stream.Close() //nolint:errcheck // nobody connected
	packets, err := net.ListenPacket("udp", loopback(port))
	if err != nil {
		return false
	}
	return packets.Close() == nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
