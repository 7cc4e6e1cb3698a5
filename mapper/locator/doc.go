// Package locator implements the peer-to-peer location service of thrifty-p2p
// (2009) over Thrift. Every node knows every other node and returns the owner of
// a key. A node joins through any member.
//
// The package is compatible with thrifty-p2p on the wire, so it can join such a
// network and serve its clients. It uses TBinaryProtocol without frames, writes
// strict headers, reads both kinds of headers, and by default opens a connection
// per call. The network has no hierarchy and is meant for dozens of nodes on
// machines that trust each other.
//
// # Serving
//
//	server, err := locator.Listen(ctx, locator.Config{Peer: "localhost:9900", Algorithm: algorithm})
//	err = server.Serve(ctx, nil) // joins, serves, and leaves when ctx ends
//
// A [Server] is a [mapper.Watcher] of the members of its network. It does not
// decide which node owns a key: [Config.Algorithm] builds a function from the
// members, such as the Select method of a ring or of a rendezvous set.
//
// # Calling
//
// A [Client] calls one node. It is a [mapper.Mapper] for programs outside of the
// network.
//
// # Your own service
//
// Write an IDL file that includes locator.thrift and extends locator.Locator,
// embed *Server in the handler, and pass the generated processor to [Server.Serve].
//
// # Limits
//
// After a change, the member lists of the nodes agree eventually, not at once. A
// node that crashes is dropped by each other node when a call to it fails. The
// service does not authenticate: any peer that can connect can add nodes within
// [Config.Trust]. Listen on the loopback interface, which is the default, or set
// [Config.TLS].
package locator
