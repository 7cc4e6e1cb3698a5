// Package rpc puts a node on the wire: Handler answers calls from what a node
// knows, Peer is a node elsewhere, and Client is what a person's command uses.
package rpc
