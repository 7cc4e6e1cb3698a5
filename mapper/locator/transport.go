package locator

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// transport carries messages over a connection. Unlike the library's sockets it
// bounds a message as a whole, in bytes and in time: theirs start the time anew
// with each byte, so one byte now and then holds a connection for ever.
type transport struct {
	conn   net.Conn
	r      *bufio.Reader
	w      *bufio.Writer
	limits Limits
	left   int // bytes that may still be read of this message
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

// awaitMessage waits for the first byte of a message and then sets the bounds
// for the rest of it.
func (t *transport) awaitMessage() error {
	if err := t.conn.SetReadDeadline(time.Now().Add(t.limits.Idle)); err != nil {
		return err
	}
	if _, err := t.r.Peek(1); err != nil {
		return err
	}
	t.left = t.limits.Message
	return t.conn.SetReadDeadline(time.Now().Add(t.limits.Call))
}

// spend counts n bytes as read.
func (t *transport) spend(n int) error {
	if t.left -= n; t.left < 0 {
		return thrift.NewTProtocolExceptionWithType(thrift.SIZE_LIMIT,
			fmt.Errorf("message exceeds %d bytes", t.limits.Message))
	}
	return nil
}

// Read reads what is there, up to len(p).
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

// Write, WriteByte and WriteString keep what they are given until Flush.
func (t *transport) Write(p []byte) (int, error) { return t.w.Write(p) }

// WriteByte writes one byte.
func (t *transport) WriteByte(c byte) error { return t.w.WriteByte(c) }

// WriteString writes the bytes of a string.
func (t *transport) WriteString(s string) (int, error) { return t.w.WriteString(s) }

// Flush sends what was written. A peer that does not read it ends the call.
func (t *transport) Flush(context.Context) error {
	if err := t.conn.SetWriteDeadline(time.Now().Add(t.limits.Call)); err != nil {
		return thrift.NewTTransportExceptionFromError(err)
	}
	return thrift.NewTTransportExceptionFromError(t.w.Flush())
}

// RemainingBytes bounds what a list may claim to hold.
func (t *transport) RemainingBytes() uint64 { return uint64(max(t.left, 0)) }

// Open does nothing: a transport is made of an open connection.
func (t *transport) Open() error { return nil }

// IsOpen reports whether Close was not called. The generated code asks from a
// goroutine of its own while a handler runs.
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
