package locator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// conns is the set of open connections.
type conns struct {
	limit  int
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// add reports whether there was room for one more.
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

// closeAll ends every connection and lets no more in.
func (c *conns) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		_ = conn.Close()
	}
}

// accept serves connections until the listener is closed, and returns when the
// last of them has ended.
func (s *Server) accept(ctx context.Context, processor thrift.TProcessor) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of file descriptors, most likely
			s.warn("cannot accept", err)
			if sleep(ctx, 10*time.Millisecond) != nil {
				return
			}
		case !s.conns.add(conn):
			s.warn("refused a connection", fmt.Errorf("all %d are taken", s.conns.limit))
			_ = conn.Close()
		default:
			running.Go(func() { s.serveConn(ctx, conn, processor) })
		}
	}
}

// serveConn answers the messages of one connection, one after the other.
func (s *Server) serveConn(ctx context.Context, conn net.Conn, processor thrift.TProcessor) {
	defer s.conns.remove(conn)
	if s.cfg.TLS != nil {
		conn = tls.Server(conn, s.cfg.TLS)
	}
	t := newTransport(conn, s.cfg.Call.Limits)
	defer func() { _ = t.Close() }()
	proto := t.limits.protocol(t)
	for t.awaitMessage() == nil && ctx.Err() == nil {
		if !s.process(ctx, t, processor, proto) {
			return
		}
	}
}

// process answers one message and reports whether the connection is good for
// another. A handler that panics costs its caller the connection and nobody
// anything else.
func (s *Server) process(ctx context.Context, t *transport, processor thrift.TProcessor, proto thrift.TProtocol) (more bool) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()))
			more = false
		}
	}()
	ok, err := processor.Process(ctx, proto, proto)
	if isUnknownMethod(err) {
		return true
	}
	if err != nil && !errors.Is(err, thrift.ErrAbandonRequest) {
		s.cfg.Log.Debug("a call failed", "from", t.conn.RemoteAddr(), "err", err)
	}
	return ok
}

// warn logs what a stranger caused, unless there was something just now.
func (s *Server) warn(what string, err error) {
	if !s.noise.quiet() {
		s.cfg.Log.Warn(what, "err", err)
	}
}

// noise bounds how often a stranger can make this node write to its log.
type noise struct{ last atomic.Int64 }

// noiseEvery is the least time between two such lines.
const noiseEvery = time.Second

// quiet reports whether to say nothing now.
func (n *noise) quiet() bool {
	now, last := time.Now().UnixNano(), n.last.Load()
	return now-last < int64(noiseEvery) || !n.last.CompareAndSwap(last, now)
}
