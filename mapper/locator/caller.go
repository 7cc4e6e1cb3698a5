package locator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// CallConfig configures calls to nodes. The zero value suits a network of 2009.
type CallConfig struct {
	// TLS, if not nil, secures connections.
	TLS *tls.Config
	// Limits bounds the size of messages and the time of a call.
	Limits Limits
	// Keep is how many idle connections to keep for later calls. With zero each
	// call uses its own connection. Do not keep connections to a node of 2009,
	// which serves one connection at a time. A call on a kept connection that
	// the node has closed is made again, so calls must be idempotent.
	Keep int
}

// Caller calls one node. It is a thrift.TClient for generated clients, also for
// those of your own service. A Caller is safe for concurrent use. A generated client
// is not: make one per goroutine.
type Caller struct {
	addr   string
	dialer net.Dialer
	cfg    CallConfig
	idle   chan *clientConn
}

// clientConn is a connection and the protocol over it.
type clientConn struct {
	*transport
	proto thrift.TProtocol
	since time.Time // when it became idle
}

// keepFor bounds the age of an idle connection. It is well below Limits.Idle, after
// which a server closes it.
const keepFor = 10 * time.Second

// NewCaller returns a caller of the node at host:port. It connects on the first
// call.
func NewCaller(addr string, cfg CallConfig) *Caller {
	cfg.Limits = cfg.Limits.withDefaults()
	return &Caller{addr: addr, cfg: cfg, idle: make(chan *clientConn, max(cfg.Keep, 0))}
}

// Addr returns the host:port of the node.
func (c *Caller) Addr() string { return c.addr }

// Close closes idle connections. The caller remains usable.
func (c *Caller) Close() error {
	for {
		select {
		case l := <-c.idle:
			_ = l.Close()
		default:
			return nil
		}
	}
}

// Call makes one call. It implements thrift.TClient. With a nil result the call is
// one-way and not confirmed. Exceptions that the node sent are returned as they are,
// other errors as a [*CallError].
func (c *Caller) Call(ctx context.Context, method string, args, result thrift.TStruct) (thrift.ResponseMeta, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Limits.Call)
	defer cancel()
	l, kept, err := c.open(ctx, result != nil)
	if err == nil {
		err = c.callOn(ctx, l, method, args, result)
	}
	if kept && isClosed(err) && ctx.Err() == nil {
		if l, err = c.dial(ctx); err == nil {
			err = c.callOn(ctx, l, method, args, result)
		}
	}
	return thrift.ResponseMeta{}, c.explain(ctx, method, err)
}

// open returns an idle or a new connection. A one-way call needs a new one, as it
// would not detect that the node had closed an idle one.
func (c *Caller) open(ctx context.Context, reuse bool) (conn *clientConn, kept bool, err error) {
	if reuse {
		if conn := c.takeIdle(); conn != nil {
			return conn, true, nil
		}
	}
	conn, err = c.dial(ctx)
	return conn, false, err
}

// takeIdle returns an idle connection not older than keepFor, or nil.
func (c *Caller) takeIdle() *clientConn {
	for {
		select {
		case l := <-c.idle:
			if time.Since(l.since) < keepFor {
				return l
			}
			_ = l.Close()
		default:
			return nil
		}
	}
}

func (c *Caller) dial(ctx context.Context) (*clientConn, error) {
	conn, err := c.dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if c.cfg.TLS != nil {
		if conn, err = c.handshake(ctx, conn); err != nil {
			return nil, err
		}
	}
	t := newTransport(conn, c.cfg.Limits)
	return &clientConn{transport: t, proto: c.cfg.Limits.protocol(t)}, nil
}

func (c *Caller) handshake(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config := c.cfg.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(c.addr)
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return secured, nil
}

// callOn makes a call on a connection, and then keeps or closes it. The sequence
// number is always 0, as in 2009: a connection carries one call at a time.
func (c *Caller) callOn(ctx context.Context, l *clientConn, method string, args, result thrift.TStruct) error {
	deadline, _ := ctx.Deadline()
	err := l.conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	if err == nil {
		err = l.exchange(ctx, method, args, result)
	}
	var exception thrift.TApplicationException
	clean := stop() && (err == nil || errors.As(err, &exception))
	c.release(l, clean && result != nil)
	return err
}

func (l *clientConn) exchange(ctx context.Context, method string, args, result thrift.TStruct) error {
	l.left = l.limits.Message
	client := thrift.NewTStandardClient(l.proto, l.proto)
	if err := client.Send(ctx, l.proto, 0, method, args); err != nil || result == nil {
		return err
	}
	return client.Recv(ctx, l.proto, 0, method, result)
}

func (c *Caller) release(l *clientConn, keep bool) {
	if keep {
		l.since = time.Now()
		select {
		case c.idle <- l:
			return
		default:
		}
	}
	_ = l.Close()
}

// isClosed reports whether a call failed because the connection was closed.
func isClosed(err error) bool {
	var failure thrift.TTransportException
	return errors.As(err, &failure) && failure.TypeId() != thrift.TIMED_OUT
}

// explain wraps an error of the connection in a CallError. It returns exceptions of
// the node as they are.
func (c *Caller) explain(ctx context.Context, method string, err error) error {
	var exception thrift.TApplicationException
	if err == nil || errors.As(err, &exception) {
		return err
	}
	if !errors.Is(err, ErrUnreachable) {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		err = fmt.Errorf("%w: %w", ErrNoReply, err)
	}
	return &CallError{Addr: c.addr, Method: method, Err: err}
}

// isUnknownMethod reports whether a node does not have the method. A node of 2009
// has none of the later methods.
func isUnknownMethod(err error) bool {
	var exception thrift.TApplicationException
	return errors.As(err, &exception) && exception.TypeId() == thrift.UNKNOWN_METHOD
}

var _ thrift.TClient = (*Caller)(nil)
