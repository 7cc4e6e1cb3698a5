package rendezvous

import (
	"github.com/proxenos/proxenos/internal/exact"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Score is what one node bids for one key.
type Score struct {
	// Raw is the hash of the node and the key. It decides among nodes of
	// equal weight.
	Raw uint64
	// Weight is the weight of the node.
	Weight float64
	// Value is -Weight/ln(u), u being Raw as a fraction of one, and 0 for a
	// drained node. It decides among nodes of different weights.
	Value float64
}

// mixer is the hash of a key, expanded once so that scoring a node takes a
// single multiplication. The function is placement: it never changes.
type mixer struct{ k, m uint64 }

func expand(h uint64) mixer {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	k := prf.Finalize(h)
	return mixer{k: k, m: prf.Finalize(k+golden) | 1}
}

// score is a bijection of the seed, as m is odd: different seeds never tie.
func (x mixer) score(seed uint64) uint64 { return (seed ^ x.k) * x.m }

// nameHash is independent of the configured hash, so that a short or weak one
// gives no two nodes the same seed, of which the second would own nothing.
var nameHash = prf.SipHash.Func(prf.Options{Key: (*[16]byte)([]byte("proxenos node v1"))})

func seedOf(id string, h func(string) uint64) uint64 {
	return prf.Finalize(h(id)) ^ nameHash(id)
}

// weigh returns -w/ln(u) for the top 52 bits of a score. The half keeps u from
// 0 and 1 and is exact: with 53 bits it would round up to 1.
//
// It grows with raw, never strictly but never the other way (see exact.Log),
// so that comparing by weighed and then by raw score is a total order in which
// equal weights rank by raw score.
func weigh(raw uint64, w float64) float64 {
	const scale = 1.0 / (1 << 52)
	return w / -exact.Log((float64(raw>>12)+0.5)*scale)
}

// candidate is a node in the running: index is its place by ascending ID.
type candidate struct {
	value float64 // 0 throughout if all weights are equal
	raw   uint64
	index int32
}

// beats is the order of rank. It is total, as indexes differ.
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
