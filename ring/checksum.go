package ring

import (
	"math"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Checksum identifies the placement: two rings with one checksum give every key
// the same answers. It depends on the layout, on the hash function with its key
// and seed, on the nodes by ID and capacity, and on every point. The order of
// the nodes counts exactly where it decides, which under Hashed is nowhere. The
// hash function is told apart by what it answers for fixed inputs; its key
// cannot be read from the checksum. It takes time in proportion to the points.
func (r *Ring[N]) Checksum() uint64 {
	sum := nodeset.NewChecksum("ring v1")
	sum.String(r.layout.String())
	for _, probe := range []string{"", "proxenos", "placement is a promise"} {
		sum.Uint64(r.land(probe))
	}
	for i, id := range r.r.IDs {
		sum.String(id)
		sum.Uint64(math.Float64bits(r.r.Weights[i]))
	}
	sum.Uint64(r.foldPoints())
	return sum.Sum()
}

// foldPoints folds every point into 64 bits: millions of them are not worth
// gathering.
func (r *Ring[N]) foldPoints() (fold uint64) {
	if r.circle == nil {
		return 0
	}
	for i := range r.circle.len() {
		fold = prf.Finalize(fold ^ r.circle.position(i))
		fold = prf.Finalize(fold + uint64(r.circle.owner(i)) + 1)
	}
	return fold
}
