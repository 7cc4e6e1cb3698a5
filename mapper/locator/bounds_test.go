package locator

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// pingRequest is a call of ping, which has a reply of the same length.
const pingRequest = "\x80\x01\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x2a\x00"

// served is a connection that a server serves, and what the server logs about it.
type served struct {
	net.Conn
	log   *logbuf.Buffer
	ended chan struct{} // closed when the server has ended the connection
}

// serveBounded serves a pipe with the given limits; zero fields have their defaults.
func serveBounded(t *testing.T, handler wire.Locator, limits Limits) served {
	t.Helper()
	near, far := net.Pipe()
	c := served{near, &logbuf.Buffer{}, make(chan struct{})}
	log := slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := &Server{cfg: Config{Limits: ServerLimits{}.withDefaults(), Log: log, Call: CallConfig{Limits: limits.withDefaults()}}}
	go func() {
		defer close(c.ended)
		s.serveConn(t.Context(), far, wire.NewLocatorProcessor(handler))
	}()
	t.Cleanup(func() { _ = near.Close(); <-c.ended })
	return c
}

// lasts returns how long the server keeps the connection.
func (c served) lasts() time.Duration {
	start := time.Now()
	<-c.ended
	return time.Since(start)
}

// call returns a message that calls a method, without the end of its arguments.
func call(method string) []byte {
	b := []byte("\x80\x01\x00\x01")
	b = binary.BigEndian.AppendUint32(b, uint32(len(method)))
	b = append(b, method...)
	return append(b, 0, 0, 0, 42)
}

// authorities returns a call of add, up to a list of authorities that claims n
// elements. With filler, an unknown field of that many bytes comes first.
func authorities(filler int, n uint32) []byte {
	b := call("add")
	if filler > 0 {
		b = append(b, 11, 0, 99)
		b = binary.BigEndian.AppendUint32(b, uint32(filler))
		b = append(b, make([]byte, filler)...)
	}
	b = append(b, 15, 0, 2, 12)
	return binary.BigEndian.AppendUint32(b, n)
}

func TestConnectionDeadlines(t *testing.T) {
	t.Run("no byte", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			c := serveBounded(t, &recorder{}, Limits{})
			require.Equal(t, 2*time.Second, c.lasts())
			require.Empty(t, c.log.String(), "no message began")
		})
	})
	t.Run("idle after a message", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			c := serveBounded(t, &recorder{}, Limits{})
			_, err := c.Write([]byte(pingRequest))
			require.NoError(t, err)
			_, err = io.ReadFull(c, make([]byte, len(pingRequest)))
			require.NoError(t, err)
			require.Equal(t, time.Minute, c.lasts())
			require.Empty(t, c.log.String())
		})
	})
	// The time of a message does not restart with each byte.
	t.Run("slow message", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			c := serveBounded(t, &recorder{}, Limits{})
			time.Sleep(time.Second)
			start := time.Now()
			var sender sync.WaitGroup
			defer sender.Wait()
			sender.Go(func() {
				for _, b := range call("a_long_name_that_takes_half_a_minute") {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
			<-c.ended
			require.Equal(t, 5*time.Second, time.Since(start))
			require.Contains(t, c.log.String(), "timeout")
		})
	})
	t.Run("reply that is not read", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			c := serveBounded(t, &recorder{}, Limits{})
			_, err := c.Write([]byte(pingRequest))
			require.NoError(t, err)
			require.Equal(t, 5*time.Second, c.lasts())
			require.Contains(t, c.log.String(), "timeout")
		})
	})
}

// TestMessageBytesAreBounded sends a message that never ends.
func TestMessageBytesAreBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limits Limits
		bytes  int
		reason string
	}{
		{Limits{}, 4 << 20, "message exceeds 4194304 bytes"},
		{Limits{Message: 1000}, 1000, "message exceeds 1000 bytes"},
	} {
		c := serveBounded(t, &recorder{}, tt.limits)
		go func() { _, _ = io.Copy(io.Discard, c) }() // the reply, an exception
		field := append([]byte{11, 0, 99, 0, 0, 2, 0}, make([]byte, 0x200)...)
		sent, err := c.Write(call("ping"))
		for err == nil && sent < 100<<20 {
			var n int
			n, err = c.Write(field)
			sent += n
		}
		require.ErrorIs(t, err, io.ErrClosedPipe)
		assert.InDelta(t, tt.bytes, sent, 4096, "the server reads no further than its buffer")
		<-c.ended
		assert.Contains(t, c.log.String(), tt.reason)
	}
}

// TestBoundIsForEachMessage sends more bytes than a message may have, in several.
func TestBoundIsForEachMessage(t *testing.T) {
	t.Parallel()
	c := serveBounded(t, &recorder{}, Limits{Message: 2 * len(pingRequest)})
	for range 5 {
		_, err := c.Write([]byte(pingRequest))
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, len(pingRequest)))
		require.NoError(t, err)
	}
}

func TestMalformedMessagesEndTheConnection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		message []byte
		reason  string
	}{
		{"string claims 2 GiB", []byte("\x80\x01\x00\x01\x7f\xff\xff\xff"), "size exceeded max allowed: 2147483647"},
		{"name claims 2 GiB", []byte("\x7f\xff\xff\xff"), "size exceeded max allowed: 2147483647"},
		{"string claims too much", []byte("\x80\x01\x00\x01\x00\x00\x01\x00ping"), "size exceeded max allowed: 256"},
		{"negative length", []byte("\x80\x01\x00\x01\xff\xff\xff\xff"), "negative size: -1"},
		{"unknown version", []byte("\x80\x02\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x00\x00"), "Bad version"},
		{"list claims a million", authorities(0, 1_000_000), "container of 1000000 elements exceeds the limit"},
		{"many small fields", append(call("ping"), bytes.Repeat([]byte("\x03\x00\x63\x00"), 100)...), "message exceeds 100 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serveBounded(t, &recorder{}, Limits{Message: 100})
			go func() { _, _ = c.Write(tt.message) }()
			_, err := io.ReadAll(c)
			require.NoError(t, err)
			<-c.ended
			require.Contains(t, c.log.String(), tt.reason)
		})
	}
}

// TestListLengthIsBounded has lists that claim more elements than they have. The
// length must not be allocated.
func TestListLengthIsBounded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		message []byte
		reason  string
	}{
		{"2^30 elements", authorities(0, 1<<30), "container of 1073741824 elements exceeds the limit of 65536"},
		{"one more than allowed", authorities(0, 1<<16+1), "container of 65537 elements exceeds the limit of 65536"},
		{"more than the rest of the message", authorities(4<<20-10_000, 1<<15), "container of 32768 elements needs at least 32768 bytes, only 99"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := serveBounded(t, &recorder{}, Limits{})
			allocated := allocatedBytes(func() {
				_, err := c.Write(tt.message)
				require.NoError(t, err)
				<-c.ended
			})
			assert.Contains(t, c.log.String(), tt.reason)
			// Skipping a field reads it whole, into a buffer that doubles.
			assert.Less(t, allocated, uint64(5*len(tt.message)+100_000), "bytes allocated")
		})
	}
	handler := &recorder{}
	c := serveBounded(t, handler, Limits{})
	whole := append(authorities(0, 1<<16), make([]byte, 1<<16+1)...) // empty locations, and the end of the arguments
	_, err := c.Write(append(whole, pingRequest...))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, len(pingRequest)))
	require.NoError(t, err)
	assert.Len(t, handler.calls(), 2, "the longest list is served, and the connection serves the next call")
}

// allocatedBytes returns how many bytes the process allocates while f runs.
func allocatedBytes(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestConnectionBeyondTheLimitIsClosed has four addresses, each with a connection
// that has sent a message, and four places.
func TestConnectionBeyondTheLimitIsClosed(t *testing.T) {
	t.Parallel()
	log := &logbuf.Buffer{}
	s := start(t, Config{Refresh: -1, Limits: ServerLimits{Conns: 4, Reserved: -1}, Log: slog.New(slog.NewTextHandler(log, nil))})
	dial := func(host string) net.Conn {
		conn := dialFrom(t, host, s.Self().Addr)
		_, err := conn.Write([]byte(pingRequest))
		require.NoError(t, err)
		return conn
	}
	isServed := func(conn net.Conn) error {
		_, err := io.ReadFull(conn, make([]byte, len(pingRequest)))
		return err
	}
	var held []net.Conn
	for _, host := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"} {
		conn := dial(host)
		require.NoError(t, isServed(conn))
		held = append(held, conn)
	}
	for _, host := range []string{"127.0.0.6", "127.0.0.2"} {
		require.Error(t, isServed(dial(host)), "no ping is answered")
		require.Contains(t, log.String(), "from="+host+":")
		require.Contains(t, log.String(), `err="limit of 4 connections reached"`)
		require.Equal(t, 4, s.limiter.Len())
	}
	for _, conn := range held {
		_, err := conn.Write([]byte(pingRequest))
		require.NoError(t, err)
		require.NoError(t, isServed(conn), "earlier connections stay")
	}
}

// dialFrom connects from a loopback address. It skips the test on systems that have
// only one.
func dialFrom(t *testing.T, host, addr string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	conn, err := dialer.Dial("tcp", addr)
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Skip("this system has one loopback address")
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	return conn
}

// lure is a listener at an address that a server does not trust.
type lure struct {
	net.Listener
	node mapper.Node
}

func newLure(t *testing.T, host string) lure {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Skip("this system has one loopback address")
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return lure{l, newNode(host, l.Addr().(*net.TCPAddr).AddrPort().Port())}
}

// requireUntouched fails the test if there was a connection. Connections are
// accepted in order, so an earlier one would come before this one's.
func (l lure) requireUntouched(t *testing.T) {
	t.Helper()
	own, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer func() { _ = own.Close() }()
	first, err := l.Accept()
	require.NoError(t, err)
	defer func() { _ = first.Close() }()
	require.Equal(t, own.LocalAddr().String(), first.RemoteAddr().String(), "the address was dialed")
}

// TestUntrustedAddressIsNotDialed has peers name an address outside of
// Config.Trust, in each way that a peer can name one.
func TestUntrustedAddressIsNotDialed(t *testing.T) {
	t.Parallel()
	bait := newLure(t, "127.0.0.2")
	named := newLure(t, "localhost")
	log := &logbuf.Buffer{}
	s, err := Listen(t.Context(), Config{
		Refresh: -1, Log: slog.New(slog.NewTextHandler(log, nil)),
		Trust: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	for _, l := range []lure{bait, named} {
		at := locationOf(l.node)
		for name, call := range map[string]func() error{
			"join":   func() error { return s.Join(t.Context(), at) },
			"add":    func() error { return s.Add(t.Context(), at, nil) },
			"remove": func() error { return s.Remove(t.Context(), at, nil) },
		} {
			require.Error(t, call(), name)
			require.Regexp(t, `call=`+name+` err="node \\"`+l.node.Name+`\\": address [0-9a-f.:]+ is in no trusted network"`, log.String())
			require.False(t, s.members.load().has(l.node.Name), "no member, so that no later call dials it")
		}
		require.Empty(t, s.admitAll(t.Context(), []mapper.Node{l.node}), "a list of a peer")
		l.requireUntouched(t)
	}
}

// lister answers get_all_wide with a list of its own.
type lister struct {
	*recorder
	list []mapper.Node
}

func (l *lister) GetAllWide(context.Context) ([]*wire.Location, error) {
	return locationsOf(l.list), nil
}

// TestUntrustedListIsNotDialed has a trusted peer list an untrusted address, both to
// a node that joins and to a member that compares lists.
func TestUntrustedListIsNotDialed(t *testing.T) {
	t.Parallel()
	bait := newLure(t, "127.0.0.2")
	peer, err := Listen(t.Context(), Config{Refresh: -1, Log: testLog(t)})
	require.NoError(t, err)
	s, err := Listen(t.Context(), Config{
		Peer: peer.Self().Addr, Refresh: -1, Log: testLog(t),
		Trust: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	handler := &lister{&recorder{}, []mapper.Node{peer.Self(), bait.node, s.Self()}}
	go func() { done <- peer.Serve(ctx, wire.NewLocatorProcessor(handler)) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-done) })

	require.NoError(t, s.join(t.Context()))
	both := []string{peer.Self().Name, s.Self().Name}
	require.ElementsMatch(t, both, names(s.members.load().nodes), "after the join")
	s.syncWith(t.Context(), peer.Self())
	require.ElementsMatch(t, both, names(s.members.load().nodes), "after a comparison")
	bait.requireUntouched(t)
}

func TestTrusts(t *testing.T) {
	t.Parallel()
	at := func(ip string) *net.TCPAddr { return &net.TCPAddr{IP: net.ParseIP(ip)} }
	for _, tt := range []struct {
		listen string
		addr   string
		want   bool
	}{
		{"127.0.0.1", "127.9.9.9", true},
		{"127.0.0.1", "::1", true},
		{"127.0.0.1", "::ffff:127.0.0.1", true},
		{"127.0.0.1", "10.0.0.1", false},
		{"::1", "192.168.0.1", false},
		{"10.0.0.1", "127.0.0.1", true},
		{"10.0.0.1", "10.255.0.1", true},
		{"10.0.0.1", "172.31.255.255", true},
		{"10.0.0.1", "172.32.0.0", false},
		{"10.0.0.1", "192.168.1.1", true},
		{"10.0.0.1", "fd00::1", true},
		{"10.0.0.1", "fe80::1%eth0", false},
		{"10.0.0.1", "169.254.1.1", false},
		{"10.0.0.1", "169.254.169.254", false},
		{"10.0.0.1", "fd00:ec2::254", false},
		{"10.0.0.1", "8.8.8.8", false},
		{"10.0.0.1", "::ffff:8.8.8.8", false},
		{"10.0.0.1", "2001:db8::1", false},
		{"0.0.0.0", "8.8.8.8", false},
	} {
		s := &Server{cfg: Config{Trust: trustFor(at(tt.listen))}}
		assert.Equal(t, tt.want, s.trusts(netip.MustParseAddr(tt.addr)), "a server at %s and a peer at %s", tt.listen, tt.addr)
	}
}

// TestMetadataServicesAreNeverTrusted trusts every address, the addresses at which clouds serve
// credentials among them.
func TestMetadataServicesAreNeverTrusted(t *testing.T) {
	t.Parallel()
	s := &Server{cfg: Config{Trust: prefixes("0.0.0.0/0", "::/0")}}
	for _, addr := range []string{"169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "fd00:ec2::254%eth0", "fd20:ce::254"} {
		assert.False(t, s.trusts(netip.MustParseAddr(addr)), addr)
	}
	assert.True(t, s.trusts(netip.MustParseAddr("169.254.169.253")), "another address of that network")
}
