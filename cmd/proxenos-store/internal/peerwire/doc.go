// Package peerwire is generated from peer.thrift: the calls between nodes of the
// store and from clients to nodes.
package peerwire
