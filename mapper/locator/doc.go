// Package locator is a peer-to-peer location service over Thrift: every node
// knows every node, asks one member to let it in, and tells which node owns a
// key.
//
// It speaks the wire of thrifty-p2p (2009) exactly, so it joins such a network
// and serves such clients: TBinaryProtocol without frames, strict headers when
// writing and either kind when reading, one connection per call. The network
// is flat and made for dozens of nodes on machines that trust one another.
//
// # Serving
//
//	server, err := locator.Listen(ctx, locator.Config{Peer: "localhost:9900", Algorithm: algorithm})
//	err = server.Serve(ctx, nil) // joins, serves, and leaves when ctx ends
//
// A Server is a mapper.Watcher of the network it is in. Which node owns a key
// is not decided here: Config.Algorithm is given the nodes and returns a function
// that answers, such as the Select of a ring or of a rendezvous set.
//
// # Asking
//
// A Client calls one node. It is a mapper.Mapper as well, for programs outside
// of the network.
//
// # A service of your own
//
// Write an IDL file that includes locator.thrift and extends locator.Locator,
// embed *Server in the handler, and hand the generated processor to Serve.
//
// # What it does not promise
//
// Lists of nodes agree some time after a change, not at once. A node that dies
// without leaving is dropped by each other node when that node next fails to
// reach it. Whoever can connect is believed within Config.Trust, so listen on
// the loopback interface, which is the default, or use Config.TLS.
package locator
