package swim

import (
	"fmt"
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

// TestStrangersHoldFewPlaces opens a thousand connections that say nothing.
func TestStrangersHoldFewPlaces(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
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

// arrival is a connection that claims to come from somewhere.
type arrival struct {
	net.Conn
	from net.Addr
}

func (a arrival) RemoteAddr() net.Addr { return a.from }

// arrive has a connection from an address knock, say a byte if it is to, and
// tells whether it was let in.
func arrive(t *testing.T, g *guard, from string, talks bool) (*stream, bool) {
	here, there := net.Pipe()
	t.Cleanup(func() { _ = here.Close() })
	s, ok := g.take(arrival{there, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))})
	if ok && talks {
		go func() { _, _ = here.Write([]byte("x")) }()
		_, err := s.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	return s, ok
}

func closed(s *stream) bool {
	s.guard.mu.Lock()
	defer s.guard.mu.Unlock()
	_, open := s.guard.open[s]
	return !open
}

// TestOneAddressCannotKeepTheOthersOut has strangers that talk and go on
// holding their connections.
func TestOneAddressCannotKeepTheOthersOut(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		g := newGuard(faultnet.New(1).Transport("10.0.0.1:1"))
		var held []*stream
		for i := range maxStreams {
			s, ok := arrive(t, g, fmt.Sprint("10.0.0.66:", 1000+i), true)
			require.True(t, ok)
			held = append(held, s)
		}
		_, ok := arrive(t, g, "10.0.0.66:1", true)
		require.False(t, ok, "who holds all places gets no more")
		for i := range maxStreams / 2 {
			_, ok := arrive(t, g, "10.0.0.7:1", true)
			require.True(t, ok, "somebody with fewer")
			require.True(t, closed(held[i]), "in the place of the oldest")
		}
		_, ok = arrive(t, g, "10.0.0.7:1", true)
		require.False(t, ok, "until both have the same")
		_, ok = arrive(t, g, "10.0.0.8:1", false)
		require.True(t, ok, "a third")
		require.Equal(t, maxStreams, g.places())
		require.NoError(t, g.Shutdown())
	})
}

// TestTheSilentOfTheMostMakeRoom has a stranger who fills the places, and a
// member who has not come to speak yet.
func TestTheSilentOfTheMostMakeRoom(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		g := newGuard(faultnet.New(1).Transport("10.0.0.1:1"))
		member, ok := arrive(t, g, "10.0.0.7:1", false)
		require.True(t, ok)
		for i := range 2 * maxStreams {
			_, ok := arrive(t, g, fmt.Sprint("10.0.0.66:", 1000+i), false)
			require.True(t, ok)
		}
		require.False(t, closed(member), "though it has been silent for longer than any")
		require.NoError(t, g.Shutdown())
	})
}

func TestOrigin(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"10.0.0.1:1", "10.0.0.1:2"},
		{"10.0.0.1:1", "[::ffff:10.0.0.1]:2"},
		{"[2001:db8::1]:1", "[2001:db8::2]:1"},
		{"[fe80::1%eth0]:1", "[fe80::1%eth1]:1"},
	} {
		require.Equal(t, at(c.a), at(c.b), "%s and %s", c.a, c.b)
	}
	require.NotEqual(t, at("10.0.0.1:1"), at("10.0.0.2:1"))
	require.NotEqual(t, at("[2001:db8::1]:1"), at("[2001:db8:0:1::1]:1"))
	require.Equal(t, "pipe", origin(&net.UnixAddr{Name: "pipe"}))
}

func at(addr string) string { return origin(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))) }

// places is how many connections of others are open.
func (g *guard) places() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.inbound)
}

func TestShutdownEndsConnections(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
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

// TestShutdownWithoutAnEngine has peers call where the engine could not be
// started, so that nobody takes what comes in.
func TestShutdownWithoutAnEngine(t *testing.T) {
	inner, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo))
	require.NoError(t, err)
	g := newGuard(inner)
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
	for end := time.Now().Add(time.Second); g.places() == 0 && time.Now().Before(end); { // silence does not last
		time.Sleep(time.Millisecond)
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Shutdown() }()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("it hangs")
	}
}
