package locator

import (
	"bytes"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// FuzzServe sends raw bytes to the server, which must close the connection and
// not panic.
func FuzzServe(f *testing.F) {
	for _, row := range vectors.Open(f, goldenWire).Rows {
		if !row.None("request_hex") {
			f.Add(row.Hex("request_hex"))
		}
	}
	limits := Limits{Message: 1 << 16, Call: time.Second, Idle: time.Second}.withDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Server{cfg: Config{Limits: ServerLimits{}.withDefaults(), Log: slog.New(slog.DiscardHandler), Call: CallConfig{Limits: limits}}}
		conn := &recorded{in: bytes.NewReader(data)}
		s.serveConn(t.Context(), conn, wire.NewLocatorProcessor(&recorder{}))
		require.True(t, conn.closed)
	})
}

// recorded is a connection whose peer has sent everything and closed its side. A
// run on it takes one path only, so the fuzzer sees what an input covers.
type recorded struct {
	net.Conn // nil: nothing else is called
	in       *bytes.Reader
	closed   bool
}

func (c *recorded) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *recorded) Write(b []byte) (int, error)      { return len(b), nil }
func (c *recorded) Close() error                     { c.closed = true; return nil }
func (c *recorded) SetDeadline(time.Time) error      { return nil }
func (c *recorded) SetReadDeadline(time.Time) error  { return nil }
func (c *recorded) SetWriteDeadline(time.Time) error { return nil }
func (c *recorded) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *recorded) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
