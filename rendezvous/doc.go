// Package rendezvous tells which node owns a key by rendezvous hashing, also
// called highest random weight (Thaler and Ravishankar, 1998).
//
// Every node has a score for every key, and the node with the greatest score
// owns the key. A node that leaves loses its own keys and no others move; a node
// that joins takes its share evenly from all. A lookup in a [Set] takes time
// proportional to the number of nodes, and one in a [Table] constant time.
//
//	set, err := rendezvous.Of("red", "green", "blue")
//	owner, ok := set.Select("user:42")
//
// Nodes are values of any type with a function that returns their ID:
//
//	set, err := rendezvous.New(servers, rendezvous.Config[Server]{
//		ID:     Server.Name,
//		Weight: Server.Capacity,
//	})
//
// # Many keys
//
// [Set.SelectAll] looks up many keys in a fraction of the time of as many calls, and
// [Set.Split] groups them by node. Both use vector instructions for keys and nodes where
// the processor has them, for SipHash and for the murmur methods of package prf. The
// answers are those of [Set.Select]. Functions made by [BuildWith] and [BuildTable]
// follow a large set of nodes at the cost of what changes.
//
// # Placement is fixed
//
// Which node owns a key depends only on the IDs, the weights and the hash: not
// on the order of the nodes, the processor, or the version of this package. Two
// programs with the same [Set.Checksum] agree on the ID of every owner.
// testdata/SPEC.md in the repository specifies the order of nodes, tables and
// checksums for other languages, with ports to Python, JavaScript and Java and
// vectors to test others with.
//
// # The score
//
// With fin the 64-bit finalizer of MurmurHash3, h the configured hash and sip
// SipHash-2-4 under the key "proxenos node v1", the seed of a node is
// fin(h(id)) XOR sip(id), computed once. A key is hashed once, to k =
// fin(h(key)) and the odd number m = fin(k + 0x9e3779b97f4a7c15) | 1. Its
// score for a node is (seed XOR k) * m, modulo 2^64. Of equal scores the one
// with the smaller ID wins. MIXER.md in the directory of this package has the
// measurements that led to this mixer.
//
// Unequal weights rank by -w/ln(u) instead, where u is the top 52 bits of the
// score plus one half, divided by 2^52 (Schindelhauer and Schomaker, 2005;
// Resch, 2015). A node's share of the keys is then its weight over the sum of
// the weights, and changing one weight moves keys only from or to that node.
// Equal weights rank like no weights.
//
// # Choosing a hash
//
// The default SipHash key is published with the source, so an attacker can find
// keys that all belong to one node. Where keys come from untrusted clients, use
// siphash under a secret key, from package prf.
package rendezvous
