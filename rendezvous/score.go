package rendezvous

import (
	"github.com/proxenos/proxenos/internal/exact"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Score is the score of one node for one key.
type Score struct {
	// Raw is the hash of the node and the key. Nodes of equal weight rank by it.
	Raw uint64
	// Weight is the weight of the node.
	Weight float64
	// Value is -Weight/ln(u), where u is Raw as a fraction of 1. It is 0 for a
	// drained node, and loses digits for weights below 1e-305, down to 0. Nodes
	// of different weights rank by it, computed so that it loses none.
	Value float64
}

// mixer is the hash of a key, expanded so that the score of a node takes a single
// multiplication. It decides placement and never changes.
type mixer struct{ k, m uint64 }

func expand(h uint64) mixer {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	k := prf.Finalize(h)
	return mixer{k: k, m: prf.Finalize(k+golden) | 1}
}

// score is a bijection of the seed, as m is odd: different seeds never tie.
func (x mixer) score(seed uint64) uint64 { return (seed ^ x.k) * x.m }

// nameHash is independent of the configured hash. Without it two nodes whose IDs
// collide under a short or weak hash would have the same seed, and one of them
// would own nothing.
var nameHash = prf.SipHash.Func(prf.Options{Key: (*[16]byte)([]byte("proxenos node v1"))})

func seedOf(id string, h func(string) uint64) uint64 {
	return prf.Finalize(h(id)) ^ nameHash(id)
}

// weightScale multiplies weights before they are compared. It is a power of two,
// so it changes no comparison of normal numbers, and it keeps weigh and limitFor
// from rounding to subnormal ones: from the smallest weight to the greatest their
// results stay between 2^-832 and 2^1018.
const weightScale = 0x1p300

// weigh returns -w/ln(u) for the top 52 bits of a score. The half keeps u away
// from 0 and 1 and is exact: with 53 bits it would round up to 1.
//
// It does not decrease as raw increases (see exact.Log), so comparing by weighted
// and then by raw score is a total order in which equal weights rank by raw
// score.
func weigh(raw uint64, w float64) float64 {
	const scale = 1.0 / (1 << 52)
	return w / -exact.Log((float64(raw>>12)+0.5)*scale)
}

// candidate is the score of the live node at index.
type candidate struct {
	value float64 // 0 throughout if all weights are equal
	raw   uint64
	index int32
}

// beats is the order of Rank. It is total because indices differ.
func (a candidate) beats(b candidate) bool {
	switch {
	case a.value != b.value:
		return a.value > b.value
	case a.raw != b.raw:
		return a.raw > b.raw
	default:
		return a.index < b.index
	}
}
