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

// CallConfig says how to call nodes. Its zero value fits a 2009 network.
type CallConfig struct {
	// TLS, if not nil, wraps every connection.
	TLS *tls.Config
	// Limits bounds messages and the time of a call.
	Limits Limits
	// Keep is how many idle connections to keep for later calls. A 2009 node
	// serves one connection at a time, so a kept one locks all others out:
	// keep some only towards nodes of ours. A call on a kept connection that
	// turns out to be closed is made again, so calls are then idempotent.
	Keep int
}

// Caller calls one node. It is a thrift.TClient, so every generated client,
// also that of a service of your own, can be made of it. It is safe for any
// number of goroutines; a generated client is not, so make one for each.
type Caller struct {
	addr   string
	dialer net.Dialer
	cfg    CallConfig
	idle   chan *link
}

// link is one connection and the protocol over it.
type link struct {
	*transport
	proto thrift.TProtocol
	since time.Time // when it went idle
}

// keepFor bounds the age of a kept connection, well below the time after which
// a server closes it.
const keepFor = 10 * time.Second

// NewCaller returns a caller of the node at host:port. It connects only when
// called.
func NewCaller(addr string, cfg CallConfig) *Caller {
	cfg.Limits = cfg.Limits.withDefaults()
	return &Caller{addr: addr, cfg: cfg, idle: make(chan *link, max(cfg.Keep, 0))}
}

// Addr returns the host:port that is called.
func (c *Caller) Addr() string { return c.addr }

// Close closes the idle connections. Calls may go on.
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

// Call makes one call; it implements thrift.TClient. A nil result means that
// the method is one-way: nothing then tells whether the call arrived. Errors
// that are not the node's own answer are a *CallError.
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

// open returns a kept connection or a new one. A one-way call never takes a
// kept one, which might be closed without anybody noticing.
func (c *Caller) open(ctx context.Context, reuse bool) (l *link, kept bool, err error) {
	if reuse {
		if l := c.takeIdle(); l != nil {
			return l, true, nil
		}
	}
	l, err = c.dial(ctx)
	return l, false, err
}

// takeIdle returns a connection that went idle lately, or nil.
func (c *Caller) takeIdle() *link {
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

func (c *Caller) dial(ctx context.Context) (*link, error) {
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
	return &link{transport: t, proto: c.cfg.Limits.protocol(t)}, nil
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

// callOn makes one call on one connection, and keeps or closes it. The sequence
// number is always 0, as in 2009: a connection carries one call at a time.
func (c *Caller) callOn(ctx context.Context, l *link, method string, args, result thrift.TStruct) error {
	deadline, _ := ctx.Deadline()
	err := l.conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	if err == nil {
		err = l.exchange(ctx, method, args, result)
	}
	var answer thrift.TApplicationException
	clean := stop() && (err == nil || errors.As(err, &answer))
	c.release(l, clean && result != nil)
	return err
}

func (l *link) exchange(ctx context.Context, method string, args, result thrift.TStruct) error {
	l.left = l.limits.Message
	client := thrift.NewTStandardClient(l.proto, l.proto)
	if err := client.Send(ctx, l.proto, 0, method, args); err != nil || result == nil {
		return err
	}
	return client.Recv(ctx, l.proto, 0, method, result)
}

func (c *Caller) release(l *link, keep bool) {
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

// isClosed reports whether a call failed because the connection had ended.
func isClosed(err error) bool {
	var failure thrift.TTransportException
	return errors.As(err, &failure) && failure.TypeId() != thrift.TIMED_OUT
}

// explain gives an error of the connection its place; the node's own answers
// are returned as they are.
func (c *Caller) explain(ctx context.Context, method string, err error) error {
	var answer thrift.TApplicationException
	if err == nil || errors.As(err, &answer) {
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

// isUnknownMethod reports whether a node answered that it has no such method,
// as a 2009 node does to everything that came later.
func isUnknownMethod(err error) bool {
	var answer thrift.TApplicationException
	return errors.As(err, &answer) && answer.TypeId() == thrift.UNKNOWN_METHOD
}

var _ thrift.TClient = (*Caller)(nil)
