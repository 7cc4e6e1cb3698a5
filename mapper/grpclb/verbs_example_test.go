package grpclb_test

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/grpclb"
	"github.com/proxenos/proxenos/ring"
)

// dial opens a channel in which the key of a call comes from its context.
func dial(source mapper.Watcher, opts ...grpc.DialOption) *grpc.ClientConn {
	opts = append([]grpc.DialOption{
		grpc.WithResolvers(grpclb.NewResolver("proxenos", source)),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"orders": {}}]}`),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
	}, opts...)
	conn, err := grpc.NewClient("proxenos:///orders", opts...)
	if err != nil {
		panic(err)
	}
	return conn
}

func ExampleWithKey() {
	source, stop := servers("red", "green", "blue")
	defer stop()
	conn := dial(source)
	defer conn.Close()
	ctx := grpclb.WithKey(context.Background(), "alice")
	fmt.Println(servedBy(ctx, conn))
	// Output: red
}

// A source of one's own: a function that is polled.
func ExampleNewResolver() {
	source := &mapper.Polled{Source: mapper.Func(func(context.Context) ([]mapper.Node, error) {
		return nil, fmt.Errorf("the catalog is down")
	})}
	conn := dial(source) // asks for nodes at the first call
	defer conn.Close()
	fmt.Println(servedBy(grpclb.WithKey(context.Background(), "alice"), conn))
	// Output: rpc error: code = Unavailable desc = the catalog is down
}

// A ring of more points. grpc.WithDefaultServiceConfig chooses it
// as {"loadBalancingConfig": [{"carts": {}}]}.
func ExampleNewBalancer() {
	balancer.Register(grpclb.NewBalancer("carts", ring.BuildWith(ring.Config[mapper.Node]{Layout: ring.Hashed(640)})))
	_, err := grpc.NewClient("proxenos:///carts",
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"carts": {"bound": 0.25}}]}`),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	fmt.Println(err)
	// Output: grpc: the provided default service config is invalid: error parsing config for policy "carts": bound 0.25: must be at least 1, or 0 for no bound; 1.25 is usual
}

// retries is a service config that repeats calls to a server that is unavailable.
const retries = `{
	"loadBalancingConfig": [{"orders": {}}],
	"methodConfig": [{"name": [{}], "retryPolicy": {
		"maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.1s", "backoffMultiplier": 2,
		"retryableStatusCodes": ["UNAVAILABLE"]}}]
}`

// The first node in rank order answers UNAVAILABLE. The second attempt of the call goes
// to the next one.
func ExampleUnaryClientInterceptor() {
	source, stop := servers("red", "green", "blue", sick)
	defer stop()
	conn := dial(source,
		grpc.WithChainUnaryInterceptor(grpclb.UnaryClientInterceptor),
		grpc.WithChainStreamInterceptor(grpclb.StreamClientInterceptor),
		grpc.WithDefaultServiceConfig(retries))
	defer conn.Close()
	fmt.Println(servedBy(grpclb.WithKey(context.Background(), "mallory"), conn))
	// Output: red
}

func ExampleStreamClientInterceptor() {
	source, stop := servers("red", "green", "blue")
	defer stop()
	conn := dial(source, grpc.WithChainStreamInterceptor(grpclb.StreamClientInterceptor))
	defer conn.Close()
	stream, err := conn.NewStream(grpclb.WithKey(context.Background(), "bob"),
		&grpc.StreamDesc{ServerStreams: true}, "/grpc.health.v1.Health/Watch")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stream.CloseSend())
	// Output: <nil>
}

// The endpoints of a resolver of one's own.
func ExampleWithNode() {
	endpoint := grpclb.WithNode(
		resolver.Endpoint{Addresses: []resolver.Address{{Addr: "10.0.0.1:443"}}},
		mapper.Node{Name: "red", Weight: 2})
	node, ok := grpclb.NodeOf(endpoint)
	fmt.Println(node.Name, node.Weight, ok)
	// Output: red 2 true
}

func ExampleNodeOf() {
	_, ok := grpclb.NodeOf(resolver.Endpoint{})
	fmt.Println(ok)
	// Output: false
}
