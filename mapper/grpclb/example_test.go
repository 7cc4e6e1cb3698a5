package grpclb_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/grpclb"
	"github.com/proxenos/proxenos/rendezvous"
)

func init() {
	balancer.Register(grpclb.NewBalancer("orders", rendezvous.Build[mapper.Node]))
}

// Calls of three users to three servers. The key is the request header "user-id".
func Example() {
	source, stop := servers("red", "green", "blue") // in a program: consul.New, or any other source
	defer stop()
	conn, err := grpc.NewClient("proxenos:///orders",
		grpc.WithResolvers(grpclb.NewResolver("proxenos", source)),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"orders": {"header": "user-id"}}]}`),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	for _, user := range []string{"alice", "bob", "erin"} {
		ctx := metadata.AppendToOutgoingContext(context.Background(), "user-id", user)
		fmt.Println(user, servedBy(ctx, conn))
	}
	// Output:
	// alice red
	// bob green
	// erin blue
}

// sick is the name of a server that fails every call.
const sick = "sick"

// servers starts servers on loopback, and returns a source that lists them.
func servers(names ...string) (source mapper.Watcher, stop func()) {
	var nodes []mapper.Node
	var running []*grpc.Server
	for _, name := range names {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			if name == sick {
				return nil, status.Error(codes.Unavailable, "out of memory")
			}
			if err := grpc.SetHeader(ctx, metadata.Pairs("served-by", name)); err != nil {
				return nil, err
			}
			return handle(ctx, request)
		}))
		healthpb.RegisterHealthServer(server, health.NewServer())
		go func() { _ = server.Serve(listener) }()
		nodes = append(nodes, mapper.Node{Name: name, Addr: listener.Addr().String()})
		running = append(running, server)
	}
	list := func(context.Context) ([]mapper.Node, error) { return mapper.Clone(nodes), nil }
	return &mapper.Polled{Source: mapper.Func(list)}, func() {
		for _, server := range running {
			server.Stop()
		}
	}
}

// servedBy makes a call and returns the name of the server that answered.
func servedBy(ctx context.Context, conn *grpc.ClientConn) string {
	var header metadata.MD
	if _, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.Header(&header)); err != nil {
		return err.Error()
	}
	return header.Get("served-by")[0]
}
