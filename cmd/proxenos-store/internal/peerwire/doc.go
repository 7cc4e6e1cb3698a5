// Package peerwire is generated from peer.thrift: what the nodes of the store
// and its clients say to one another.
package peerwire
