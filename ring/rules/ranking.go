// Package rules limits the choice among ranked nodes: [Shards] for tenants, and failure
// domains in [Levels]. testdata/SPEC.md in the repository specifies both for other
// languages.
//
// It lies below ring, and imports none of the algorithms, because ring.Balancer and
// slots.Partitions work over any [Ranking] too.
package rules

import "iter"

// Ranking yields nodes in order of preference for a key, each once and the same
// nodes for every key. The Rank methods of ring.Ring, rendezvous.Set,
// rendezvous.Table and slots.Partitions implement it.
type Ranking[N any] interface {
	Rank(key string) iter.Seq[N]
}
