package swim

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/faultnet"
)

// TestSilentStreamLastsTwoSeconds opens a stream that sends nothing, and one that
// sends a byte in time.
func TestSilentStreamLastsTwoSeconds(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		network := faultnet.New(1)
		tr := newTransport(network.Transport("10.0.0.1:1"), isNoMember)
		stranger := network.Transport("10.0.0.9:1")
		dial := func() (client, server net.Conn) {
			conn, err := stranger.DialTimeout("10.0.0.1:1", time.Second)
			require.NoError(t, err)
			t.Cleanup(func() { _ = conn.Close() })
			return conn, <-tr.StreamCh()
		}
		start := time.Now()
		silent, _ := dial()
		talking, stream := dial()
		time.Sleep(2*time.Second - 1)
		require.Equal(t, 2, tr.limiter.Len())
		go func() { _, _ = talking.Write([]byte("x")) }()
		_, err := stream.Read(make([]byte, 1))
		require.NoError(t, err)
		_, err = silent.Read(make([]byte, 1))
		require.Error(t, err)
		require.Equal(t, 2*time.Second, time.Since(start))
		require.Equal(t, 1, tr.limiter.Len())
		time.Sleep(time.Hour)
		require.Equal(t, 1, tr.limiter.Len(), "a stream with data stays")
		require.NoError(t, tr.Shutdown())
	})
}
