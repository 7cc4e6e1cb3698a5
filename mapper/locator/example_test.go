package locator_test

import (
	"context"
	"fmt"
	"log"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/locator/internal/greeter"
	"github.com/proxenos/proxenos/ring"
)

// hashRing places keys on the ring of 2009.
func hashRing(nodes []mapper.Node) (locator.Locate, error) {
	r, err := ring.New(nodes, ring.Config[mapper.Node]{ID: mapper.Node.ID, Layout: ring.HashRing()})
	if err != nil {
		return nil, err
	}
	return r.Select, nil
}

// start starts a node and returns a function that makes it leave.
func start(cfg locator.Config) (server *locator.Server, stop func()) {
	server, err := locator.Listen(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error)
	go func() { left <- server.Serve(ctx, nil) }()
	return server, func() {
		cancel()
		if err := <-left; err != nil {
			log.Fatal(err)
		}
	}
}

// await waits until there are n nodes.
func await(source mapper.Watcher, n int) {
	for u := range source.Watch(context.Background()) {
		if u.Err != nil || len(u.Nodes) == n {
			return
		}
	}
}

func Example() {
	first, stop := start(locator.Config{Algorithm: hashRing})
	defer stop()
	second, leave := start(locator.Config{Algorithm: hashRing, Peer: first.Self().Addr})

	await(first, 2)
	await(second, 2)
	a, _ := first.Owner("user:42")
	b, _ := second.Owner("user:42")
	fmt.Println("both nodes return the same owner:", a.Name == b.Name)
	leave()
	await(first, 1)
	a, _ = first.Owner("user:42")
	fmt.Println("the remaining node owns all keys:", a.Name == first.Self().Name)
	// Output:
	// both nodes return the same owner: true
	// the remaining node owns all keys: true
}

// hello is the handler of a service that extends locator.Locator. The embedded
// server serves the calls of the locator.
type hello struct{ *locator.Server }

func (h hello) Greet(_ context.Context, name string) (string, error) {
	if owner, _ := h.Owner(name); owner.Name != h.Self().Name {
		return "", fmt.Errorf("%s belongs to %s", name, owner.Name)
	}
	return "hello " + name + ", you belong here", nil
}

// A service of your own has an IDL file that includes locator.thrift and declares
// "service Greeter extends locator.Locator".
func ExampleServer_Serve() {
	ctx, cancel := context.WithCancel(context.Background())
	server, err := locator.Listen(ctx, locator.Config{
		Services:  []string{"locator.Base", "locator.Locator", "greeter.Greeter"},
		Algorithm: hashRing,
	})
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- server.Serve(ctx, greeter.NewGreeterProcessor(hello{server})) }()

	client := greeter.NewGreeterClient(locator.NewCaller(server.Self().Addr, locator.CallConfig{}))
	text, err := client.Greet(ctx, "Ada")
	fmt.Println(text, err)
	service, err := client.ServiceType(ctx)
	fmt.Println(service, err)
	cancel()
	fmt.Println(<-done)
	// Output:
	// hello Ada, you belong here <nil>
	// greeter.Greeter <nil>
	// <nil>
}

func ExampleNewClient() {
	server, stop := start(locator.Config{Algorithm: hashRing})
	defer stop()
	ctx := context.Background()
	client := locator.NewClient(server.Self().Addr, locator.CallConfig{})
	fmt.Println(client.Ping(ctx))
	fmt.Println(client.ServiceType(ctx))
	fmt.Println(client.ServiceTypes(ctx))
	nodes, err := client.Nodes(ctx)
	fmt.Println(len(nodes), nodes[0].Name == server.Self().Name, err)
	owner, err := client.Owner(ctx, "user:42")
	fmt.Println(owner.Name == server.Self().Name, err)
	// Output:
	// <nil>
	// locator.Locator <nil>
	// [locator.Base locator.Locator] <nil>
	// 1 true <nil>
	// true <nil>
}

func ExampleParsePeer() {
	for _, text := range []string{"localhost:9900", "::1:9900", "[::1]:9900", "localhost"} {
		fmt.Println(locator.ParsePeer(text))
	}
	// Output:
	// localhost:9900 <nil>
	// [::1]:9900 <nil>
	// [::1]:9900 <nil>
	//  peer "localhost": want host:port, such as "localhost:9900"
}

// A program without a configured peer looks for one on its machine.
func ExampleDiscover() {
	ctx := context.Background()
	if peer, ok := locator.Discover(ctx, locator.FirstPort, locator.PeerPorts, "locator.Locator", locator.CallConfig{}); ok {
		log.Print("joining through ", peer)
	}
}
