package swim

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/faultnet"
)

// TestStrangersHoldFewPlaces opens a thousand connections that say nothing.
func TestStrangersHoldFewPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net1 := faultnet.New(1)
		g := newGuard(net1.Transport("10.0.0.1:1"))
		stranger := net1.Transport("10.0.0.9:1")
		var taken []net.Conn
		for range 1000 {
			conn, err := stranger.DialTimeout("10.0.0.1:1", time.Second)
			require.NoError(t, err)
			defer conn.Close()
			taken = append(taken, <-g.StreamCh())
			require.LessOrEqual(t, g.places(), maxStreams)
		}
		require.Equal(t, maxStreams, g.places())

		member, err := stranger.DialTimeout("10.0.0.1:1", time.Second)
		require.NoError(t, err)
		talking := <-g.StreamCh()
		go func() { _, _ = member.Write([]byte("x")) }()
		_, err = talking.Read(make([]byte, 1))
		require.NoError(t, err, "who talks gets in however many are silent")
		_, err = taken[0].Read(make([]byte, 1))
		require.Error(t, err, "the one that was silent the longest made room")

		time.Sleep(firstByte + time.Second)
		require.Equal(t, 1, g.places(), "silence does not last")
		require.NoError(t, g.Shutdown())
	})
}

// places is how many connections of others are open.
func (g *guard) places() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inbound
}

func TestShutdownEndsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net1 := faultnet.New(1)
		g := newGuard(net1.Transport("10.0.0.1:1"))
		other := net1.Transport("10.0.0.2:1")
		mine, err := g.DialTimeout("10.0.0.2:1", time.Minute)
		require.NoError(t, err)
		theirs := <-other.StreamCh()
		require.NoError(t, g.Shutdown())
		_, err = mine.Read(make([]byte, 1))
		require.Error(t, err)
		_, err = theirs.Read(make([]byte, 1))
		require.Error(t, err)
		_, err = g.DialTimeout("10.0.0.2:1", time.Minute)
		require.ErrorIs(t, err, net.ErrClosed)
	})
}
