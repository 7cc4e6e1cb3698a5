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

	"github.com/proxenos/proxenos/internal/connlimit"
	"github.com/proxenos/proxenos/internal/retry"
)

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
		default:
			admitted, ok := s.limiter.Admit(conn)
			if !ok {
				s.warn("refused a connection", fmt.Errorf("limit of %d connections reached", s.cfg.Limits.Conns), "from", conn.RemoteAddr())
				_ = conn.Close()
				continue
			}
			running.Go(func() { s.serveConn(ctx, admitted, processor) })
		}
	}
}

// serveConn serves the messages of a connection one after the other.
func (s *Server) serveConn(ctx context.Context, conn net.Conn, processor thrift.TProcessor) {
	conn, err := s.secure(ctx, conn)
	t := newTransport(conn, s.cfg.Call.Limits)
	defer func() { _ = t.Close() }()
	if err != nil {
		s.cfg.Log.Debug("TLS handshake failed", "from", conn.RemoteAddr(), "err", err)
		return
	}
	proto := t.limits.protocol(t)
	ctx = context.WithValue(ctx, transportKey{}, t)
	for wait := s.cfg.Limits.FirstByte; t.awaitMessage(wait) == nil && ctx.Err() == nil; wait = t.limits.Idle {
		if !s.process(ctx, t, processor, proto) {
			return
		}
	}
}

// secure completes the TLS handshake of a connection within Limits.FirstByte, if the
// server uses TLS.
func (s *Server) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	if s.cfg.TLS == nil {
		return conn, nil
	}
	secured := tls.Server(conn, s.cfg.TLS)
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limits.FirstByte)
	defer cancel()
	return secured, secured.HandshakeContext(ctx)
}

// isKnown reports whether the address is that of a member, or one that Limits.Known
// reports.
func (s *Server) isKnown(a net.Addr) bool {
	return s.members.load().origins[connlimit.Origin(a)] || s.cfg.Limits.Known != nil && s.cfg.Limits.Known(a)
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
