// Package grpclb sends each gRPC call to the node that owns its key: a resolver over
// any source of nodes, and a balancer over any ranking. It is a module of its own, so
// that proxenos does not depend on gRPC.
//
//	func init() {
//		balancer.Register(grpclb.NewBalancer("orders", rendezvous.Build[mapper.Node]))
//	}
//
//	conn, err := grpc.NewClient("proxenos:///orders",
//		grpc.WithResolvers(grpclb.NewResolver("proxenos", source)),
//		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"orders": {"header": "user-id"}}]}`),
//		grpc.WithNoProxy())
//
// The key of a call is the value of a request header, or what [WithKey] put into its
// context. [Config] lists the fields of the service config.
//
// # Where a call goes
//
// A call goes to the node that the ranking selects for its key, and waits while gRPC
// connects to that node. It goes to the next node in rank order in three cases only:
//
//   - Connections to the node fail. gRPC tries again after its backoff, whatever the
//     calls do, and calls return to the node once it is connected.
//   - The node failed an earlier attempt of the same call, and the service config has
//     a retry policy. That takes [UnaryClientInterceptor] and
//     [StreamClientInterceptor], which remember the attempts of a call.
//   - The node is at its bound, if the service config sets one: consistent hashing
//     with bounded loads, as ring.Balancer has it. Each call counts until it ends.
//
// If every node failed an attempt of the call, it goes to the first one again. If no
// node can be reached, the call fails with the status UNAVAILABLE, or waits if it is a
// wait-for-ready call.
//
// Connections are made when the first call needs them; ClientConn.Connect makes all at
// once. A node that hangs without refusing connections delays its calls until a
// connection attempt times out, after 20 s by default; grpc.WithConnectParams sets
// that time and the backoff.
//
// # Changes of the set
//
// A drained node gets no new calls. It keeps its connection, and the calls on it go
// on. The calls on a node that leaves the set go on too, and its connection closes
// after the last of them. If a set cannot be ranked, such as one with a negative
// weight, the last one stands and gRPC logs a warning. While the source fails, its last
// known nodes stand.
//
// A channel through an HTTP proxy does not know its nodes: gRPC hides their addresses
// from the balancer. Calls fail with an error that says so; pass grpc.WithNoProxy.
package grpclb
