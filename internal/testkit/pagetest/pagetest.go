// Package pagetest tests the bounds of HTTP servers that strangers can reach: what
// a connection can cost in time and bytes, and which requests are served.
package pagetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

// Bounds are those of a server.
type Bounds struct {
	FirstByte time.Duration // from the start of a connection to its first byte
	Header    time.Duration // from the start of a request to the end of its header
	Body      time.Duration // from the start of a request to the end of its body
	Reply     time.Duration // to write a reply, which the client does not read
	Idle      time.Duration // from a reply to the next request
	Bytes     int           // of the header of a request
}

// slop is what package net/http reads of a header beyond its limit, at most.
const slop = 8 << 10

// Serve serves connections of the listener in other goroutines, at the address
// 127.0.0.1:80, until stop is called. /healthz must respond with 200.
type Serve func(l net.Listener) (stop func())

// Run runs the server in virtual time, and fails the test unless it has exactly
// these bounds and rejects requests of other sites.
func Run(t *testing.T, serve Serve, want Bounds) {
	for name, f := range map[string]func(*testing.T, *listener){
		"silent connection": func(t *testing.T, l *listener) {
			require.Equal(t, want.FirstByte, lasts(l.dial()))
		},
		"header that never ends": func(t *testing.T, l *listener) {
			conn := l.dial()
			write(t, conn, "GET /healthz HTTP/1.1\r\nX-Long: ")
			stop := trickle(conn)
			require.Equal(t, want.Header, lasts(conn))
			stop()
		},
		"body that never ends": func(t *testing.T, l *listener) {
			conn := l.dial()
			write(t, conn, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n")
			stop := trickle(conn)
			require.Equal(t, want.Body, lasts(conn))
			stop()
		},
		"reply that is not read": func(t *testing.T, l *listener) {
			conn := l.dial()
			write(t, conn, get)
			require.Equal(t, want.Reply, l.untilClosed(conn))
		},
		"idle connection": func(t *testing.T, l *listener) {
			conn := l.dial()
			require.Equal(t, http.StatusOK, request(t, conn, get).status)
			require.Equal(t, want.Idle, lasts(conn))
		},
		"long header": func(t *testing.T, l *listener) {
			header := func(n int) string {
				return "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + strings.Repeat("x", n) + "\r\n\r\n"
			}
			require.Equal(t, http.StatusOK, request(t, l.dial(), header(want.Bytes-100)).status)
			conn := l.dial()
			go func() { _, _ = io.WriteString(conn, header(want.Bytes+slop)) }()
			require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response(t, conn).status)
		},
		"requests of other sites": func(t *testing.T, l *listener) {
			own := request(t, l.dial(), get)
			require.Equal(t, http.StatusOK, own.status)
			foreign := request(t, l.dial(), "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n")
			require.Equal(t, http.StatusForbidden, foreign.status, "DNS rebinding")
			for _, r := range []reply{own, foreign} {
				require.Equal(t, "nosniff", r.header.Get("X-Content-Type-Options"))
				require.Equal(t, "no-store", r.header.Get("Cache-Control"))
				require.Equal(t, "no-referrer", r.header.Get("Referrer-Policy"))
				require.Contains(t, r.header.Get("Content-Security-Policy"), "default-src 'none'")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				l := newListener()
				stop := serve(l)
				f(t, l)
				l.hangUp()
				stop()
			})
		})
	}
}

const get = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

func write(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
}

type reply struct {
	status int
	header http.Header
}

func request(t *testing.T, conn net.Conn, text string) reply {
	t.Helper()
	write(t, conn, text)
	return response(t, conn)
}

// response reads a response and its body.
func response(t *testing.T, conn net.Conn) reply {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, r.Body)
	require.NoError(t, errors.Join(err, r.Body.Close()))
	return reply{r.StatusCode, r.Header}
}

// trickle sends a byte a second until stop is called or the connection ends.
func trickle(conn net.Conn) (stop func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if _, err := conn.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}()
	return func() { _ = conn.Close(); <-ended }
}

// lasts returns how long the server keeps a connection, whatever it sends.
func lasts(conn net.Conn) time.Duration {
	start := time.Now()
	_, _ = io.Copy(io.Discard, conn)
	return time.Since(start)
}

// listener is a listener in memory.
type listener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{} // by Close
	dialed []net.Conn
	ends   map[net.Conn]chan struct{} // by the client's end: closed with the server's
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{}), ends: map[net.Conn]chan struct{}{}}
}

// dial returns the client's end of a connection.
func (l *listener) dial() net.Conn {
	near, far := net.Pipe()
	ended := make(chan struct{})
	l.dialed, l.ends[near] = append(l.dialed, near), ended
	l.conns <- &serverEnd{Conn: far, ended: ended}
	return near
}

// untilClosed returns how long the server keeps a connection that the client does
// not read.
func (l *listener) untilClosed(conn net.Conn) time.Duration {
	start := time.Now()
	<-l.ends[conn]
	return time.Since(start)
}

func (l *listener) hangUp() {
	for _, conn := range l.dialed {
		_ = conn.Close()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, fmt.Errorf("accept: %w", net.ErrClosed)
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// serverEnd is the server's end of a connection.
type serverEnd struct {
	net.Conn
	once  sync.Once
	ended chan struct{} // closed by Close
}

func (c *serverEnd) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 12345}
}

func (c *serverEnd) Close() error {
	c.once.Do(func() { close(c.ended) })
	return c.Conn.Close()
}
