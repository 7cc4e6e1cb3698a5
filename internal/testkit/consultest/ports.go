package consultest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// ports are the ports of an agent's listeners.
type ports struct {
	http, https, dns, server, serfLAN, serfWAN int
}

// Ports come in blocks below the ephemeral range, and the first port of a block
// is its lock. The ports of a killed agent therefore stay free until its restart:
// the kernel does not assign them, and other tests do not get the lock.
const (
	lowestPort = 20_000
	blocks     = 1_200
	blockSize  = 10
)

// reserve reserves a free block until the lock is closed.
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
	require.FailNow(tb, "no block of free ports")
	return ports{}, nil
}

// free reports whether all ports are free for TCP and UDP.
func (p ports) free() bool {
	for _, port := range []int{p.http, p.https, p.dns, p.server, p.serfLAN, p.serfWAN} {
		tcp, err := net.Listen("tcp", loopback(port))
		if err != nil {
			return false
		}
		defer tcp.Close() //nolint:errcheck // it has no connections
		udp, err := net.ListenPacket("udp", loopback(port))
		if err != nil {
			return false
		}
		defer udp.Close() //nolint:errcheck // likewise
	}
	return true
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
