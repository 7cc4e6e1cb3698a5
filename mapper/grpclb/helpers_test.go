package grpclb

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
)

func init() {
	balancer.Register(NewBalancer("rendezvous", rendezvous.Build[mapper.Node]))
	balancer.Register(NewBalancer("ring", ring.Build[mapper.Node]))
	balancer.Register(NewBalancer("table", func(nodes []mapper.Node) (*rendezvous.Table[mapper.Node], error) {
		set, err := rendezvous.Build(nodes)
		if err != nil {
			return nil, err
		}
		return set.Table(10)
	}))
}

// source is a source whose nodes a test publishes.
type source struct{ mapper.Feed }

func (s *source) Nodes(context.Context) ([]mapper.Node, error) {
	u, _ := s.Latest()
	return u.Nodes, u.Err
}

func (s *source) publish(nodes ...mapper.Node) {
	s.Set(mapper.Update{Nodes: mapper.Clone(nodes)})
}

// server is a gRPC server on loopback that answers with its name.
type server struct {
	node     mapper.Node
	accepted atomic.Int32 // connections
	calls    atomic.Int32
	refusal  atomic.Uint32 // the code with which calls fail, if not OK
	held     chan struct{} // one for each call of Hold that has arrived
	release  chan struct{} // closed to end them

	mu   sync.Mutex
	grpc *grpc.Server // nil while it is down
	done chan struct{}
}

// start starts a server under a name.
func start(t testing.TB, name string) *server {
	t.Helper()
	s := &server{node: mapper.Node{Name: name}, held: make(chan struct{}, 100), release: make(chan struct{})}
	s.listen(t, "127.0.0.1:0")
	t.Cleanup(s.kill)
	return s
}

// fleetOf starts n servers called node-0, node-1 and so on.
func fleetOf(t testing.TB, n int) (servers map[string]*server, nodes []mapper.Node) {
	t.Helper()
	servers = map[string]*server{}
	for i := range n {
		s := start(t, fmt.Sprintf("node-%d", i))
		servers[s.node.Name] = s
		nodes = append(nodes, s.node)
	}
	return servers, nodes
}

func (s *server) listen(t testing.TB, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.node.Addr = listener.Addr().String()
	s.grpc, s.done = grpc.NewServer(), make(chan struct{})
	s.grpc.RegisterService(&whoService, s)
	go func(g *grpc.Server, done chan struct{}) {
		defer close(done)
		_ = g.Serve(&counting{listener, &s.accepted})
	}(s.grpc, s.done)
}

// kill closes the server's listener and connections at once.
func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grpc != nil {
		s.grpc.Stop()
		<-s.done
		s.grpc = nil
	}
}

// revive starts a killed server at the address that it had.
func (s *server) revive(t testing.TB) { s.listen(t, s.node.Addr) }

// counting counts the connections that it accepts.
type counting struct {
	net.Listener
	accepted *atomic.Int32
}

func (l *counting) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return conn, err
}

const (
	who  = "/test.Who/Who"
	hold = "/test.Who/Hold"
)

// whoService has a call that returns the server's name, and a stream that sends it
// twice: at once and when the server releases the stream.
var whoService = grpc.ServiceDesc{
	ServiceName: "test.Who",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Who", Handler: func(s any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		return s.(*server).who(decode)
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Hold", ServerStreams: true, Handler: func(s any, stream grpc.ServerStream) error {
		return s.(*server).hold(stream)
	}}},
}

func (s *server) who(decode func(any) error) (any, error) {
	s.calls.Add(1)
	if err := decode(new(emptypb.Empty)); err != nil {
		return nil, err
	}
	if code := codes.Code(s.refusal.Load()); code != codes.OK {
		return nil, status.Errorf(code, "%s refuses", s.node.Name)
	}
	return wrapperspb.String(s.node.Name), nil
}

func (s *server) hold(stream grpc.ServerStream) error {
	if code := codes.Code(s.refusal.Load()); code != codes.OK {
		return status.Errorf(code, "%s refuses", s.node.Name)
	}
	if err := stream.SendMsg(wrapperspb.String(s.node.Name)); err != nil {
		return err
	}
	s.held <- struct{}{}
	select {
	case <-s.release:
		return stream.SendMsg(wrapperspb.String(s.node.Name))
	case <-stream.Context().Done():
		return stream.Context().Err()
	}
}

// dial opens a channel to the nodes of a source, without a retry policy. It reconnects
// quickly.
func dial(t testing.TB, src mapper.Watcher, policy string, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	return dialWith(t, src, `{"loadBalancingConfig": [`+policy+`]}`, opts...)
}

// dialWith is dial with a whole service config.
func dialWith(t testing.TB, src mapper.Watcher, serviceConfig string, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	return dialBy(t, NewResolver("proxenos", src), serviceConfig, opts...)
}

// dialBy is dialWith for any resolver.
func dialBy(t testing.TB, r resolver.Builder, serviceConfig string, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	opts = append([]grpc.DialOption{
		grpc.WithResolvers(r),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.2, MaxDelay: 100 * time.Millisecond},
			MinConnectTimeout: time.Minute,
		}),
	}, opts...)
	conn, err := grpc.NewClient("proxenos:///test", opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

// ask returns the name of the server that answers a call with the key.
func ask(ctx context.Context, conn *grpc.ClientConn, key string, opts ...grpc.CallOption) (string, error) {
	ctx, cancel := context.WithTimeout(WithKey(ctx, key), time.Minute)
	defer cancel()
	var name wrapperspb.StringValue
	err := conn.Invoke(ctx, who, new(emptypb.Empty), &name, opts...)
	return name.GetValue(), err
}

// askOK is ask for a call that must succeed.
func askOK(t testing.TB, conn *grpc.ClientConn, key string) string {
	t.Helper()
	name, err := ask(t.Context(), conn, key)
	require.NoError(t, err, "key %s", key)
	return name
}

// open opens a stream that the server holds, and returns it with the server's name.
func open(t testing.TB, conn *grpc.ClientConn, key string) (stream grpc.ClientStream, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(WithKey(t.Context(), key), time.Minute)
	t.Cleanup(cancel)
	stream, err := conn.NewStream(ctx, &whoDesc, hold)
	require.NoError(t, err)
	require.NoError(t, stream.SendMsg(new(emptypb.Empty)))
	require.NoError(t, stream.CloseSend())
	return stream, receive(t, stream)
}

var whoDesc = grpc.StreamDesc{StreamName: "Hold", ServerStreams: true}

func receive(t testing.TB, stream grpc.ClientStream) string {
	t.Helper()
	var name wrapperspb.StringValue
	require.NoError(t, stream.RecvMsg(&name))
	return name.GetValue()
}

// finish lets the server end a stream, and waits for the end.
func (s *server) finish(t testing.TB, streams ...grpc.ClientStream) {
	t.Helper()
	close(s.release)
	for _, stream := range streams {
		require.Equal(t, s.node.Name, receive(t, stream))
		require.ErrorIs(t, stream.RecvMsg(new(wrapperspb.StringValue)), io.EOF)
	}
}

// noticed waits until the channel has noticed that a server is dead: the key's calls
// go to another one. Calls that were on the way fail.
func noticed(t testing.TB, conn *grpc.ClientConn, key, other string) {
	t.Helper()
	eventually(t, "calls go to "+other, func() bool {
		name, err := ask(t.Context(), conn, key)
		return err == nil && name == other
	})
}

// order returns the names of the nodes in rank order for the key.
func order(t testing.TB, nodes []mapper.Node, key string) (names []string) {
	t.Helper()
	set, err := rendezvous.Build(nodes)
	require.NoError(t, err)
	for n := range set.Rank(key) {
		names = append(names, n.Name)
	}
	return names
}

// eventually repeats a check until it holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		require.True(t, time.Now().Before(deadline), "never: %s", what)
		time.Sleep(time.Millisecond)
	}
}

func keys(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("user:%d", i)
	}
	return list
}
