package locator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/internal/retry"
)

// conns is the set of open connections.
type conns struct {
	limit  int
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// add adds a connection and reports whether the limit allowed it.
func (c *conns) add(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.open) >= c.limit {
		return false
	}
	if c.open == nil {
		c.open = map[net.Conn]struct{}{}
	}
	c.open[conn] = struct{}{}
	return true
}

func (c *conns) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

// closeAll closes all connections and makes add fail.
func (c *conns) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		_ = conn.Close()
	}
}

// accept serves connections until the listener is closed. It returns when all of
// them have ended.
func (s *Server) accept(ctx context.Context, processor thrift.TProcessor) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // most likely out of file descriptors
			s.warn("cannot accept connections", err)
			if !retry.Sleep(ctx, 10*time.Millisecond) {
				return
			}
		case !s.conns.add(conn):
			s.warn("refused a connection", fmt.Errorf("limit of %d connections reached", s.conns.limit))
			_ = conn.Close()
		default:
			running.Go(func() { s.serveConn(ctx, conn, processor) })
		}
	}
}

// serveConn serves the messages of a connection one after the other.
func (s *Server) serveConn(ctx context.Context, conn net.Conn, processor thrift.TProcessor) {
	defer s.conns.remove(conn)
	if s.cfg.TLS != nil {
		conn = tls.Server(conn, s.cfg.TLS)
	}
	t := newTransport(conn, s.cfg.Call.Limits)
	defer func() { _ = t.Close() }()
	proto := t.limits.protocol(t)
	ctx = context.WithValue(ctx, transportKey{}, t)
	for t.awaitMessage() == nil && ctx.Err() == nil {
		if !s.process(ctx, t, processor, proto) {
			return
		}
	}
}

// process serves one message and reports whether the connection can serve another.
// A panic of the handler ends the connection only.
func (s *Server) process(ctx context.Context, t *transport, processor thrift.TProcessor, proto thrift.TProtocol) (more bool) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("handler panicked", "panic", p, "stack", string(debug.Stack()))
			more = false
		}
	}()
	ok, err := processor.Process(ctx, proto, proto)
	if isUnknownMethod(err) {
		return true
	}
	if err != nil && !errors.Is(err, thrift.ErrAbandonRequest) {
		s.cfg.Log.Debug("call failed", "from", t.conn.RemoteAddr(), "err", err)
	}
	return ok
}

// transportKey is the context key of the transport of a call.
type transportKey struct{}

// Abandoned reports whether the caller of the call that ctx belongs to has closed its
// connection, as it does when its timeout ends. A handler that may run late, because
// the process was stopped or overloaded, checks it before it changes anything. A
// one-way call can look abandoned, as its caller need not wait.
func Abandoned(ctx context.Context) bool {
	t, ok := ctx.Value(transportKey{}).(*transport)
	return ok && t.isClosedByPeer()
}
