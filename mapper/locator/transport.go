package locator

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// transport carries messages over a connection. It bounds a whole message in bytes
// and in time. The sockets of the Thrift library restart their timeout with each
// read, so a slow peer could hold a connection forever.
type transport struct {
	conn   net.Conn
	r      *bufio.Reader
	w      *bufio.Writer
	limits Limits
	left   int // bytes that may still be read of the current message
	closed atomic.Bool
}

func newTransport(conn net.Conn, limits Limits) *transport {
	return &transport{
		conn:   conn,
		r:      bufio.NewReader(conn),
		w:      bufio.NewWriter(conn),
		limits: limits,
		left:   limits.Message,
	}
}

// awaitMessage waits for the first byte of a message, for up to wait, and sets the
// bounds for the rest.
func (t *transport) awaitMessage(wait time.Duration) error {
	if err := t.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	if _, err := t.r.Peek(1); err != nil {
		return err
	}
	t.left = t.limits.Message
	return t.conn.SetReadDeadline(time.Now().Add(t.limits.Call))
}

// isClosedByPeer reports whether the peer has closed the connection, as far as the
// system tells without waiting. It must not be called while another goroutine reads.
func (t *transport) isClosedByPeer() bool {
	_, secured := t.conn.(*tls.Conn)
	conn := t.conn
	for {
		wrapper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapper.NetConn()
	}
	socket, ok := conn.(syscall.Conn)
	if !ok || t.r.Buffered() > 0 || t.conn.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	pending, closed := 0, false
	err = raw.Read(func(fd uintptr) bool { pending, closed = peek(fd); return true })
	// The peer sends nothing during a call but the alert that ends a TLS connection.
	return err == nil && (closed || secured && pending > 0)
}

// spend counts n bytes against the size limit.
func (t *transport) spend(n int) error {
	if t.left -= n; t.left < 0 {
		return thrift.NewTProtocolExceptionWithType(thrift.SIZE_LIMIT,
			fmt.Errorf("message exceeds %d bytes", t.limits.Message))
	}
	return nil
}

// Read reads up to len(p) bytes.
func (t *transport) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err == nil {
		err = t.spend(n)
	}
	return n, thrift.NewTTransportExceptionFromError(err)
}

// ReadByte reads one byte.
func (t *transport) ReadByte() (byte, error) {
	c, err := t.r.ReadByte()
	if err == nil {
		err = t.spend(1)
	}
	return c, thrift.NewTTransportExceptionFromError(err)
}

// Write buffers p until Flush.
func (t *transport) Write(p []byte) (int, error) { return t.w.Write(p) }

// WriteByte buffers one byte until Flush.
func (t *transport) WriteByte(c byte) error { return t.w.WriteByte(c) }

// WriteString buffers s until Flush.
func (t *transport) WriteString(s string) (int, error) { return t.w.WriteString(s) }

// Flush sends what was written, within Limits.Call.
func (t *transport) Flush(context.Context) error {
	if err := t.conn.SetWriteDeadline(time.Now().Add(t.limits.Call)); err != nil {
		return thrift.NewTTransportExceptionFromError(err)
	}
	return thrift.NewTTransportExceptionFromError(t.w.Flush())
}

// RemainingBytes bounds the length that a list can have.
func (t *transport) RemainingBytes() uint64 { return uint64(max(t.left, 0)) }

// Open does nothing, as the connection is open.
func (t *transport) Open() error { return nil }

// IsOpen reports whether the transport is open. Generated code calls it from another
// goroutine while a handler runs.
func (t *transport) IsOpen() bool { return !t.closed.Load() }

// Close closes the connection.
func (t *transport) Close() error {
	if t.closed.Swap(true) {
		return nil
	}
	return t.conn.Close()
}

var (
	_ thrift.TTransport     = (*transport)(nil)
	_ thrift.TRichTransport = (*transport)(nil)
	_ io.ReadWriteCloser    = (*transport)(nil)
)
