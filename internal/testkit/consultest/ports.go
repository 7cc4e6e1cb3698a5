package consultest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// ports are those an agent listens on.
type ports struct {
	http, https, dns, server, serfLAN, serfWAN int
}

// Ports come in blocks below those that Linux and others give to whoever asks
// for any. So nobody gets the port of an agent that was killed before it is
// started again: no stranger by chance, and no other test because the first
// port of a block is its lock.
const (
	lowestPort = 20_000
	blocks     = 1_200
	blockSize  = 10
)

// reserve takes a block that nobody uses, until the lock is closed.
func reserve(tb testing.TB) (p ports, lock net.Listener) {
	tb.Helper()
	for range 1000 {
		first := lowestPort + rand.N(blocks)*blockSize
		lock, err := net.Listen("tcp", loopback(first))
		if err != nil {
			continue
		}
		p = ports{first + 1, first + 2, first + 3, first + 4, first + 5, first + 6}
		if p.free() {
			return p, lock
		}
		require.NoError(tb, lock.Close())
	}
	require.FailNow(tb, "there is no block of free ports")
	return ports{}, nil
}

// free reports whether nobody listens on any of the ports, by TCP or UDP.
func (p ports) free() bool {
	for _, port := range []int{p.http, p.https, p.dns, p.server, p.serfLAN, p.serfWAN} {
		tcp, err := net.Listen("tcp", loopback(port))
		if err != nil {
			return false
		}
		defer tcp.Close() //nolint:errcheck // it was never used
		udp, err := net.ListenPacket("udp", loopback(port))
		if err != nil {
			return false
		}
		defer udp.Close() //nolint:errcheck // likewise
	}
	return true
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
