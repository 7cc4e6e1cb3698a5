package swim

import (
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/faultnet"
)

// places is how many streams strangers can have.
var places = streamLimits.Connections - streamLimits.Reserved

func isNoMember(net.Addr) bool { return false }

// TestStrangersHoldFewStreams opens a thousand streams that send nothing.
func TestStrangersHoldFewStreams(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		network := faultnet.New(1)
		tr := newTransport(network.Transport("10.0.0.1:1"), isNoMember)
		stranger := network.Transport("10.0.0.9:1")
		for range 1000 {
			conn, err := stranger.DialTimeout("10.0.0.1:1", time.Second)
			require.NoError(t, err)
			defer conn.Close()
			<-tr.StreamCh()
			require.LessOrEqual(t, tr.limiter.Len(), places)
		}
		require.Equal(t, places, tr.limiter.Len())

		member, err := stranger.DialTimeout("10.0.0.1:1", time.Second)
		require.NoError(t, err)
		stream := <-tr.StreamCh()
		go func() { _, _ = member.Write([]byte("x")) }()
		_, err = stream.Read(make([]byte, 1))
		require.NoError(t, err, "a stream with data is accepted however many send nothing")

		time.Sleep(streamLimits.FirstByte + time.Second)
		require.Equal(t, 1, tr.limiter.Len(), "silent streams are closed")
		require.NoError(t, tr.Shutdown())
	})
}

func TestShutdownClosesStreams(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		network := faultnet.New(1)
		tr := newTransport(network.Transport("10.0.0.1:1"), isNoMember)
		other := network.Transport("10.0.0.2:1")
		mine, err := tr.DialTimeout("10.0.0.2:1", time.Minute)
		require.NoError(t, err)
		theirs := <-other.StreamCh()
		require.NoError(t, tr.Shutdown())
		_, err = mine.Read(make([]byte, 1))
		require.Error(t, err)
		_, err = theirs.Read(make([]byte, 1))
		require.Error(t, err)
		_, err = tr.DialTimeout("10.0.0.2:1", time.Minute)
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

// TestShutdownWithoutMemberlist has peers connect where memberlist could not be
// started, so that nothing receives what comes in.
func TestShutdownWithoutMemberlist(t *testing.T) {
	t.Parallel()
	inner, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo))
	require.NoError(t, err)
	tr := newTransport(inner, isNoMember)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(inner.GetAutoBindPort()))
	for range 3 {
		for _, network := range []string{"tcp", "udp"} {
			conn, err := net.Dial(network, addr)
			require.NoError(t, err)
			defer conn.Close()
			_, err = conn.Write([]byte("x"))
			require.NoError(t, err)
		}
	}
	eventually(t, "a stream is accepted", func() bool { return tr.limiter.Len() > 0 })
	ended := make(chan error, 1)
	go func() { ended <- tr.Shutdown() }()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("the shutdown hangs")
	}
}
