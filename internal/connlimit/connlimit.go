// Package connlimit bounds what strangers can hold of a server that gives every
// connection a goroutine: how many connections there are, and how long one may
// be open without having sent a byte.
//
// When all places are taken, the address that holds most of them gives one up:
// a connection that has sent nothing if there is one, and otherwise, to an
// address that holds fewer, its oldest. So one address can take all places but
// cannot keep other addresses out, and the clients behind one address can use
// all of them. Some places can be reserved for known addresses, which strangers
// cannot take however many addresses they have.
package connlimit

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Limits say how much strangers can hold.
type Limits struct {
	Connections int           // open at the same time, 1 or more
	FirstByte   time.Duration // from the start of a connection to its first byte

	// Reserved of the connections are for addresses that Known reports. Known may
	// be nil if none are; it must not call the Limiter.
	Reserved int
	Known    func(net.Addr) bool
}

// Limiter applies limits to the connections that a server accepts. All methods
// are safe for concurrent use.
type Limiter struct {
	limits Limits

	mu     sync.Mutex
	open   []*conn // oldest first
	closed bool
}

// New returns a limiter without connections.
func New(limits Limits) *Limiter { return &Limiter{limits: limits} }

// Admit gives the connection a place, and returns it as the connection to use:
// its Close frees the place. If there is no place, ok is false, and the caller
// closes the connection. Admit may close another connection to make room.
func (l *Limiter) Admit(c net.Conn) (admitted net.Conn, ok bool) {
	a := &conn{Conn: c, limiter: l, origin: Origin(c.RemoteAddr())}
	a.reading.set, a.writing.set = c.SetReadDeadline, c.SetWriteDeadline
	a.known = l.limits.Known != nil && l.limits.Known(c.RemoteAddr())
	l.mu.Lock()
	evicted, ok := l.room(a)
	if l.closed || !ok {
		l.mu.Unlock()
		return nil, false
	}
	l.open = append(l.open, a)
	a.silence = time.AfterFunc(l.limits.FirstByte, a.expire)
	l.mu.Unlock()
	if evicted != nil {
		_ = evicted.Close()
	}
	return a, true
}

// Len returns the number of open connections.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// Close closes all connections and admits no more.
func (l *Limiter) Close() {
	l.mu.Lock()
	l.closed = true
	open := slices.Clone(l.open)
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
}

// Listener returns a listener whose Accept returns admitted connections only and
// closes the others.
func (l *Limiter) Listener(inner net.Listener) net.Listener { return listener{inner, l} }

type listener struct {
	net.Listener
	limiter *Limiter
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted, ok := l.limiter.Admit(c); ok {
			return admitted, nil
		}
		_ = c.Close()
	}
}

// room reports whether a connection gets a place, and which connection gives it
// up if all that it can have are taken.
func (l *Limiter) room(a *conn) (evicted *conn, ok bool) {
	rivals := l.open
	if !a.known {
		rivals = slices.DeleteFunc(slices.Clone(l.open), func(c *conn) bool { return c.known })
	}
	strangersFull := !a.known && len(rivals) >= l.limits.Connections-l.limits.Reserved
	if !strangersFull && len(l.open) < l.limits.Connections {
		return nil, true
	}
	held, most := map[string]int{}, 0
	for _, c := range rivals {
		held[c.origin]++
		most = max(most, held[c.origin])
	}
	for _, c := range rivals {
		if held[c.origin] < most {
			continue
		}
		if !c.spoke.Load() {
			return c, true
		}
		if evicted == nil {
			evicted = c
		}
	}
	return evicted, most > held[a.origin]+1
}

// Origin returns what connections are counted by: the IPv4 address, or the /64
// network of an IPv6 address, as one host may have all of it.
func Origin(a net.Addr) string {
	addr, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip := addr.Addr().Unmap()
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}

// conn is an admitted connection. spoke changes under its limiter's lock.
type conn struct {
	net.Conn
	limiter *Limiter
	origin  string
	known   bool
	silence *time.Timer // until the first byte
	spoke   atomic.Bool

	reading, writing deadline
}

// NetConn returns the connection as it was accepted.
func (c *conn) NetConn() net.Conn { return c.Conn }

func (c *conn) Read(b []byte) (int, error) {
	if !c.reading.begin() {
		return 0, os.ErrDeadlineExceeded
	}
	defer c.reading.done()
	n, err := c.Conn.Read(b)
	for n == 0 && c.reading.early(err) {
		n, err = c.Conn.Read(b)
	}
	if n > 0 && !c.spoke.Load() {
		c.speak()
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	if !c.writing.begin() {
		return 0, os.ErrDeadlineExceeded
	}
	defer c.writing.done()
	n, err := c.Conn.Write(b)
	for c.writing.early(err) {
		var more int
		more, err = c.Conn.Write(b[n:])
		n += more
	}
	return n, err
}

// SetDeadline implements [net.Conn].
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.reading.change(t), c.writing.change(t))
}

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error { return c.reading.change(t) }

// SetWriteDeadline implements [net.Conn].
func (c *conn) SetWriteDeadline(t time.Time) error { return c.writing.change(t) }

// speak notes that the connection has sent a byte.
func (c *conn) speak() {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	c.spoke.Store(true)
	c.silence.Stop()
}

// expire closes the connection if it has sent nothing.
func (c *conn) expire() {
	c.limiter.mu.Lock()
	spoke := c.spoke.Load()
	c.limiter.mu.Unlock()
	if !spoke {
		_ = c.Close()
	}
}

func (c *conn) Close() error {
	l := c.limiter
	l.mu.Lock()
	if i := slices.Index(l.open, c); i >= 0 {
		l.open = slices.Delete(l.open, i, i+1)
		c.silence.Stop()
	}
	l.mu.Unlock()
	return c.Conn.Close()
}
