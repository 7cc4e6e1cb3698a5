package connlimit

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

const places = 16

func limiter() *Limiter { return New(Limits{Connections: places, FirstByte: 2 * time.Second}) }

// from is a connection with a remote address of its own.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// dial opens a connection from an address, which sends a byte if it speaks.
func dial(t *testing.T, l *Limiter, addr string, speaks bool) (net.Conn, bool) {
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	c, ok := l.Admit(from{server, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))})
	if ok && speaks {
		go func() { _, _ = client.Write([]byte("x")) }()
		_, err := c.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	return c, ok
}

func isOpen(l *Limiter, c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.open {
		if net.Conn(o) == c {
			return true
		}
	}
	return false
}

func TestSilentConnectionsMakeRoomAndExpire(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		l := limiter()
		var silent []net.Conn
		for i := range 10 * places {
			c, ok := dial(t, l, fmt.Sprint("10.0.0.9:", 1000+i), false)
			require.True(t, ok)
			silent = append(silent, c)
			require.LessOrEqual(t, l.Len(), places)
		}
		last, ok := dial(t, l, "10.0.0.9:1", true)
		require.True(t, ok, "one that speaks is admitted however many are silent")
		require.False(t, isOpen(l, silent[len(silent)-places]), "the oldest silent one made room")
		require.True(t, isOpen(l, silent[len(silent)-1]))
		time.Sleep(3 * time.Second)
		require.Equal(t, 1, l.Len(), "silent ones expire")
		require.True(t, isOpen(l, last))
	})
}

func TestOneAddressCannotKeepOthersOut(t *testing.T) {
	t.Parallel()
	l := limiter()
	var held []net.Conn
	for i := range places {
		c, ok := dial(t, l, fmt.Sprint("10.0.0.66:", 1000+i), true)
		require.True(t, ok)
		held = append(held, c)
	}
	_, ok := dial(t, l, "10.0.0.66:1", true)
	require.False(t, ok, "an address with all places gets no more")
	for i := range places / 2 {
		_, ok := dial(t, l, "10.0.0.7:1", true)
		require.True(t, ok, "an address with fewer does")
		require.False(t, isOpen(l, held[i]), "in place of the oldest")
	}
	_, ok = dial(t, l, "10.0.0.7:1", true)
	require.False(t, ok, "until both hold the same number")
	_, ok = dial(t, l, "10.0.0.8:1", false)
	require.True(t, ok, "a third address")
	require.Equal(t, places, l.Len())
}

// TestAddressWithMostPlacesMakesRoom has one address fill the places while a
// connection from another one has not spoken yet.
func TestAddressWithMostPlacesMakesRoom(t *testing.T) {
	t.Parallel()
	l := limiter()
	defer l.Close()
	other, ok := dial(t, l, "10.0.0.7:1", false)
	require.True(t, ok)
	for i := range 2 * places {
		_, ok := dial(t, l, fmt.Sprint("10.0.0.66:", 1000+i), false)
		require.True(t, ok)
	}
	require.True(t, isOpen(l, other), "though it has been silent the longest")
}

// TestReservedPlacesAreForKnownAddresses has strangers with an address for each
// connection.
func TestReservedPlacesAreForKnownAddresses(t *testing.T) {
	t.Parallel()
	known := func(a net.Addr) bool { return Origin(a) == "10.0.0.7" || Origin(a) == "10.0.0.8" }
	l := New(Limits{Connections: places, FirstByte: time.Minute, Reserved: places / 4, Known: known})
	defer l.Close()
	for i := range 10 * places {
		_, ok := dial(t, l, fmt.Sprintf("10.1.%d.%d:1", i/200, i%200), true)
		require.Equal(t, i < places-places/4, ok, i)
	}
	var members []net.Conn
	for range places / 4 {
		c, ok := dial(t, l, "10.0.0.7:1", true)
		require.True(t, ok)
		members = append(members, c)
	}
	require.Equal(t, places, l.Len())
	_, ok := dial(t, l, "10.9.9.9:1", false)
	require.False(t, ok, "all of strangers have spoken, and hold one place each")
	_, ok = dial(t, l, "10.0.0.8:1", true)
	require.True(t, ok, "another member")
	require.False(t, isOpen(l, members[0]), "in place of the member with the most places")
	for range places {
		_, _ = dial(t, l, "10.0.0.8:1", true)
	}
	require.Equal(t, places, l.Len())
}

// TestStrangersCannotEvictKnownAddresses has members hold places and strangers
// come later.
func TestStrangersCannotEvictKnownAddresses(t *testing.T) {
	t.Parallel()
	l := New(Limits{Connections: places, FirstByte: time.Minute, Known: func(a net.Addr) bool { return Origin(a) == "10.0.0.7" }})
	defer l.Close()
	var members []net.Conn
	for range places {
		c, ok := dial(t, l, "10.0.0.7:1", false)
		require.True(t, ok, "members can have all places")
		members = append(members, c)
	}
	_, ok := dial(t, l, "10.9.9.9:1", false)
	require.False(t, ok)
	for _, c := range members {
		require.True(t, isOpen(l, c))
	}
}

func TestCloseClosesAllAndAdmitsNone(t *testing.T) {
	t.Parallel()
	l := limiter()
	c, ok := dial(t, l, "10.0.0.1:1", true)
	require.True(t, ok)
	l.Close()
	require.Zero(t, l.Len())
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	_, ok = dial(t, l, "10.0.0.1:1", true)
	require.False(t, ok)
}

func TestListenerRefusesWithoutAPlace(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := New(Limits{Connections: 1, FirstByte: time.Minute})
	ln := l.Listener(inner)
	first, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer first.Close()
	accepted, err := ln.Accept()
	require.NoError(t, err)
	_, err = first.Write([]byte("x"))
	require.NoError(t, err)
	_, err = accepted.Read(make([]byte, 1))
	require.NoError(t, err)

	ended := make(chan error, 1)
	go func() {
		_, err := ln.Accept()
		ended <- err
	}()
	second, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer second.Close()
	_, err = second.Read(make([]byte, 1))
	require.Error(t, err, "the listener closes it")
	require.NoError(t, ln.Close())
	require.ErrorIs(t, <-ended, net.ErrClosed)
	l.Close()
}

func TestOriginIsAnAddressOrNetwork(t *testing.T) {
	t.Parallel()
	at := func(addr string) string { return Origin(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))) }
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
	require.Equal(t, "pipe", Origin(&net.UnixAddr{Name: "pipe"}))
}
