// Package rendezvous says who owns a key, by rendezvous hashing, which is also
// called highest random weight (Thaler and Ravishankar, 1998).
//
// Every node draws a score for every key, and the greatest score owns the key.
// So a node that leaves gives up its own keys and moves no other, and a node
// that joins takes its share evenly from all. A set of nodes answers in time
// proportional to their number; a Table answers in constant time.
//
//	set, err := rendezvous.Of("red", "green", "blue")
//	owner, ok := set.Select("user:42")
//
// Nodes are values of any type, named by a function:
//
//	set, err := rendezvous.New(servers, rendezvous.Config[Server]{
//		ID:     Server.Name,
//		Weight: Server.Capacity,
//	})
//
// # Placement is a promise
//
// Which node owns which key is a function of the IDs, the weights and the hash
// alone: not of the order of the nodes, the processor, or the version of this
// package. Checksum tells whether two programs agree on all of it.
//
// # The score
//
// With fin the 64-bit finalizer of MurmurHash3, h the configured hash and sip
// SipHash-2-4 under the key "proxenos node v1", a node's seed is
// fin(h(id)) XOR sip(id), computed once. A key is hashed once, to
// k = fin(h(key)) and the odd number m = fin(k + 0x9e3779b97f4a7c15) | 1, and
// scores (seed XOR k) * m, modulo 2^64. The experiment that chose this mixer is
// kept in internal/lab/mixlab. Between equal scores the smaller ID wins.
//
// Unequal weights rank by -w/ln(u) instead, u being the top 52 bits of the
// score and a half, over 2^52 (Schindelhauer and Schomaker, 2005; Resch, 2015).
// A node's share of the keys is then its weight over the sum of the weights,
// and changing one weight moves keys from or to that node only. Equal weights
// rank as if there were none.
//
// # Choosing a hash
//
// The default SipHash key is published with the source, so anybody can find
// keys that all land on one node. Where keys come from strangers, use SipHash
// under a key of your own; see package prf.
package rendezvous
