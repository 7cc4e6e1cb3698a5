package ring

import (
	"math"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Checksum identifies the placement: two rings with one checksum give every key to
// the node with the same ID. It depends on the layout, on the hash with its key
// and seed, on Config.Key, on the IDs and capacities, and on every point. It depends
// on the order of the nodes only where the placement does, which under Hashed is
// nowhere. Functions are distinguished by their results for the IDs and some hundred
// fixed keys, which show whether one lower-cases, trims, truncates or otherwise
// changes keys before it hashes them. Under a hash with a key or a seed they do not
// show a change that keeps different keys different, such as swapping two
// characters. The key of a hash cannot be computed from the checksum. It is 0 for a
// nil or zero Ring, and takes time proportional to the number of points.
func (r *Ring[N]) Checksum() uint64 {
	if r == nil || r.layout == nil {
		return 0
	}
	sum := nodeset.NewChecksum("ring v1")
	sum.String(r.layout.String())
	for _, probe := range nodeset.BasicKeys() {
		sum.Uint64(r.position(r.hash(probe)))
	}
	for i, id := range r.all.IDs {
		sum.String(id)
		sum.Uint64(math.Float64bits(r.all.Weights[i]))
	}
	sum.Uint64(r.foldPoints())
	if r.cfg.Hash != nil {
		sum.Hash(r.cfg.Hash, r.all.IDs)
	}
	if r.cfg.Key != nil {
		sum.Key(r.cfg.Key)
	}
	return sum.Sum()
}

// foldPoints reduces all points to 64 bits, so that a Checksum need not collect
// millions of them.
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
