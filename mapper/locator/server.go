package locator

import (
	"context"
	"errors"
	"iter"
	"net"
	"slices"
	"sync"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/internal/connlimit"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Server is a node of a network and the handler of the locator's calls. Embed it
// in the handler of a service that extends locator.Locator. It is safe for
// concurrent use.
type Server struct {
	cfg      Config
	self     mapper.Node
	listener net.Listener
	members  *members
	dying    chan struct{}
	dieOnce  sync.Once
	clients  sync.Map // name to *Client
	wide     sync.Map // name to bool: whether the node supports wide ports
	limiter  *connlimit.Limiter
	warnings logLimit
	changes  logLimit
}

// Listen binds the port of a node. The node answers once [Server.Serve] runs. If
// the port, or each of the ports to try, is in use, it returns [ErrAddressInUse].
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg.withDefaults(), dying: make(chan struct{})}
	s.members = newMembers(s.cfg.Algorithm)
	s.limiter = connlimit.New(connlimit.Limits{
		Connections: s.cfg.Limits.Conns, FirstByte: s.cfg.Limits.FirstByte,
		Reserved: s.cfg.Limits.Reserved, Known: s.isKnown,
	})
	var err error
	if s.listener, err = bind(ctx, s.cfg); err != nil {
		return nil, err
	}
	if s.cfg.Trust == nil {
		s.cfg.Trust = trustFor(s.listener.Addr())
	}
	if s.self, err = selfAt(ctx, s.listener.Addr().(*net.TCPAddr), s.cfg); err == nil {
		_, err = s.members.add(s.self)
	}
	if err != nil {
		return nil, errors.Join(err, s.listener.Close())
	}
	return s, nil
}

// Self returns this node.
func (s *Server) Self() mapper.Node { return s.self }

// Nodes returns the members, this node included, sorted by name. It fails only if
// the context has ended.
func (s *Server) Nodes(ctx context.Context) ([]mapper.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return slices.Clone(s.members.load().nodes), nil
}

// Watch yields the members at once and after each change.
func (s *Server) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return s.members.feed.Watch(ctx)
}

// Owner returns the owner of a key among the members; ok is false if there is none.
// It makes no call.
func (s *Server) Owner(key string) (owner mapper.Node, ok bool) {
	return s.members.load().owner(key)
}

// Client returns the client of a member, always the same one.
func (s *Server) Client(node mapper.Node) *Client {
	c, ok := s.clients.Load(node.Name)
	if !ok {
		c, _ = s.clients.LoadOrStore(node.Name, NewClient(node.Addr, s.cfg.Call))
	}
	return c.(*Client)
}

// Unreachable removes a member after a call to it has failed, and logs the cause.
// It does not inform other members: each detects the failure itself.
func (s *Server) Unreachable(node mapper.Node, cause error) {
	if node.Name == s.self.Name {
		return
	}
	removed, err := s.members.remove(node.Name)
	s.closeClient(node.Name)
	switch {
	case err != nil:
		s.warn("cannot remove a node", err, "node", node.Name)
	case removed:
		s.warn("removed an unreachable node", cause, "node", node.Name)
	}
}

// closeClient releases what the server keeps for a node.
func (s *Server) closeClient(name string) {
	s.wide.Delete(name)
	if c, ok := s.clients.LoadAndDelete(name); ok {
		_ = c.(*Client).Close()
	}
}

// Serve joins the network of [Config.Peer] and serves until the context ends or an
// enabled die is called. It then leaves the network and returns nil. If it cannot
// join, it returns [ErrNoPeer]. A nil processor serves the locator only. Call Serve
// once.
//
// To leave, it calls [Config.Leaving] and announces the leave, within [LeaveTime].
// When Serve returns, all its goroutines have ended.
func (s *Server) Serve(ctx context.Context, processor thrift.TProcessor) error {
	if processor == nil {
		processor = wire.NewLocatorProcessor(s)
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { s.accept(work, processor) })
	err := s.join(ctx)
	if err == nil {
		running.Go(func() { s.refresh(work) })
		s.cfg.Log.Info("serving", "node", s.self.Name)
		select {
		case <-ctx.Done():
		case <-s.dying:
		}
		s.leave(work)
	}
	stop()
	closed := s.listener.Close()
	s.limiter.Close()
	running.Wait()
	s.clients.Range(func(name, _ any) bool { s.closeClient(name.(string)); return true })
	return errors.Join(err, closed)
}

// Close releases the port of a server on which Serve was not called.
func (s *Server) Close() error { return s.listener.Close() }

var (
	_ mapper.Watcher = (*Server)(nil)
	_ wire.Locator   = (*Server)(nil)
)
