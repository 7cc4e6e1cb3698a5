package locator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Config describes a node of a network. The zero Config starts a network on the
// loopback interface, at any free port, and locates no keys.
type Config struct {
	// Host is the address to listen on: 127.0.0.1 by default, and "::" or
	// "0.0.0.0" for every interface.
	Host string
	// Port is the port to listen on, at most 65535. Zero means any free port
	// or, if First is set, the first free port from there.
	Port int
	// First, if not zero, has a Port of zero try the 40 ports from First on.
	// Programs that use [Discover] set it to [FirstPort]. It is at most 65496.
	First int
	// Advertise is the host that others reach this node by. The default is
	// Host or, where that is every interface, the address of the machine's
	// name. It is half of the node's name, so it must not change.
	Advertise string
	// Peer is the host:port of any member, to join its network. The default
	// starts a network.
	Peer string

	// Services are the names of the services of the handler, the most basic
	// first and its own last. The default is that of a plain locator.
	Services []string
	// Algorithm decides which node owns a key. If it is nil, get_node fails.
	Algorithm Algorithm
	// Added is called after a member was added because of a call, before the
	// chain of calls goes on: the place to hand keys over to it.
	Added func(ctx context.Context, node mapper.Node)
	// Leaving is called before this node leaves, when it is no member by its
	// own account but the others still think so: the place to hand keys over.
	// It reports whether it has told a member of the departure.
	Leaving func(ctx context.Context) (told bool)

	// Legacy keeps to the calls of 2009, for a network with such nodes in it
	// whose exact sequence of calls matters. Ports above 32767 are refused then.
	Legacy bool
	// Trust lists the networks that members may be in. The default is this
	// machine when listening on it, and otherwise the private networks.
	Trust []netip.Prefix
	// AllowDie and AllowDebug enable the calls die and debug, which anybody
	// can make who can connect.
	AllowDie, AllowDebug bool
	// TLS, if not nil, is used to listen; Call.TLS is used to call.
	TLS *tls.Config
	// Call says how to call others, and its Limits bound the server as well.
	Call CallConfig
	// Refresh is how often to compare the list with that of another member,
	// which repairs what a lost call left behind. The default is 5 seconds,
	// and a negative value never does.
	Refresh time.Duration
	// Log receives changes of membership and refused calls. Nil is silent.
	Log *slog.Logger
}

// Server is one node of a network and the handler of the locator's calls. It is
// safe for any number of goroutines. Embed it in the handler of a service that
// extends locator.Locator.
type Server struct {
	cfg      Config
	self     mapper.Node
	listener net.Listener
	members  *members
	dying    chan struct{}
	dieOnce  sync.Once
	clients  sync.Map // name to *Client
	wide     sync.Map // name to bool: whether it speaks of wide ports
	conns    conns
	noise    noise
}

// Listen takes a port and returns a server that does not answer yet: Serve does.
// It fails with ErrAddressInUse if the port, or every port to try, is taken.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	cfg.Call.Limits = cfg.Call.Limits.withDefaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Refresh == 0 {
		cfg.Refresh = 5 * time.Second
	}
	if cfg.Services == nil {
		cfg.Services = []string{"locator.Base", "locator.Locator"}
	}
	s := &Server{cfg: cfg, members: newMembers(cfg.Algorithm), dying: make(chan struct{})}
	s.conns.limit = cfg.Call.Limits.Conns
	if err := s.listen(ctx); err != nil {
		return nil, err
	}
	if _, err := s.members.add(s.self); err != nil {
		return nil, errors.Join(err, s.listener.Close())
	}
	return s, nil
}

// listen binds the port and finds out how others call this node.
func (s *Server) listen(ctx context.Context) error {
	host := s.cfg.Host
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := bind(ctx, host, s.cfg)
	if err != nil {
		return err
	}
	s.listener = listener
	if s.cfg.Trust == nil {
		s.cfg.Trust = trustFor(listener.Addr())
	}
	if err := s.name(ctx, listener.Addr().(*net.TCPAddr)); err != nil {
		return errors.Join(err, listener.Close())
	}
	return nil
}

// bind listens on the port, or on the first free one.
func bind(ctx context.Context, host string, cfg Config) (net.Listener, error) {
	if err := checkPorts(cfg); err != nil {
		return nil, err
	}
	first, last := cfg.Port, cfg.Port
	if cfg.Port == 0 && cfg.First > 0 {
		first, last = cfg.First, cfg.First+portTries-1
	}
	var config net.ListenConfig
	for p := first; ; p++ {
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(p)))
		switch {
		case err == nil:
			return listener, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("listen: %w", err)
		case first == last:
			return nil, fmt.Errorf("%w: port %d of %q", ErrAddressInUse, p, host)
		case p == last:
			return nil, fmt.Errorf("%w: every port from %d to %d of %q", ErrAddressInUse, first, last, host)
		}
	}
}

// checkPorts rejects ports that do not exist.
func checkPorts(cfg Config) error {
	if cfg.Port < 0 || cfg.Port > math.MaxUint16 {
		return fmt.Errorf("port %d: want 0 to %d", cfg.Port, math.MaxUint16)
	}
	if cfg.First < 0 || cfg.First > maxFirst {
		return fmt.Errorf("first port %d: want 0 to %d", cfg.First, maxFirst)
	}
	return nil
}

// name sets the node's own name and address.
func (s *Server) name(ctx context.Context, at *net.TCPAddr) error {
	host := s.cfg.Advertise
	if host == "" {
		var err error
		if host, err = advertised(ctx, at); err != nil {
			return err
		}
	}
	if err := checkHost(host); err != nil {
		return fmt.Errorf("advertise: %w", err)
	}
	s.self = newNode(host, uint16(at.Port))
	if s.cfg.Legacy && isWide(s.self) {
		return fmt.Errorf("port %d: a 2009 network has ports up to %d; choose another", at.Port, maxPort2009)
	}
	return nil
}

// advertised returns the address that a socket is reached by. Where that is
// every interface it looks the machine's own name up, as 2009 did.
func advertised(ctx context.Context, at *net.TCPAddr) (string, error) {
	if !at.IP.IsUnspecified() {
		return at.AddrPort().Addr().Unmap().String(), nil
	}
	addrs, err := lookupSelf(ctx)
	if err != nil {
		return "", fmt.Errorf("advertise: cannot look this machine's name up, name a host: %w", err)
	}
	return addrs[0].Unmap().String(), nil
}

// Self returns this node.
func (s *Server) Self() mapper.Node { return s.self }

// Nodes returns the members, this node among them, sorted by name. It never
// fails before the context does.
func (s *Server) Nodes(ctx context.Context) ([]mapper.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return slices.Clone(s.members.load().nodes), nil
}

// Watch yields the members, and again after each change.
func (s *Server) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return s.members.feed.Watch(ctx)
}

// Owner returns the owner of a key among the members; ok is false when there is
// nobody. It makes no call.
func (s *Server) Owner(key string) (owner mapper.Node, ok bool) {
	return s.members.load().owner(key)
}

// Client returns the client of a member, one and the same each time.
func (s *Server) Client(node mapper.Node) *Client {
	c, ok := s.clients.Load(node.Name)
	if !ok {
		c, _ = s.clients.LoadOrStore(node.Name, NewClient(node.Addr, s.cfg.Call))
	}
	return c.(*Client)
}

// Unreachable drops a member that a call could not reach. Nobody else is told:
// each node finds out for itself.
func (s *Server) Unreachable(node mapper.Node) {
	if node.Name == s.self.Name {
		return
	}
	removed, err := s.members.remove(node.Name)
	s.forget(node.Name)
	if removed || err != nil {
		s.cfg.Log.Warn("dropped an unreachable node", "node", node.Name, "err", err)
	}
}

// forget closes what is kept for a node that is no member any more.
func (s *Server) forget(name string) {
	s.wide.Delete(name)
	if c, ok := s.clients.LoadAndDelete(name); ok {
		_ = c.(*Client).Close()
	}
}

// Serve joins the network of Config.Peer, serves until the context ends or a
// permitted die is called, leaves the network and returns nil. A nil processor
// serves the locator alone. Serve may be called once.
//
// Leaving means calling Config.Leaving and telling the others, with a time of
// its own of at most LeaveTime. Every goroutine has ended when Serve returns.
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
	s.conns.closeAll()
	running.Wait()
	s.clients.Range(func(name, _ any) bool { s.forget(name.(string)); return true })
	return errors.Join(err, closed)
}

// Close gives up a server whose Serve is never called.
func (s *Server) Close() error { return s.listener.Close() }

var (
	_ mapper.Watcher = (*Server)(nil)
	_ wire.Locator   = (*Server)(nil)
)
