// Package rpc connects nodes over Thrift: [Handler] serves a node, [Peer] calls
// another node, and [Client] calls the store from outside.
package rpc
