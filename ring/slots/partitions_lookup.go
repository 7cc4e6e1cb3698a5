package slots

import (
	"iter"
	"math"
	"slices"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Slots returns the number of partitions.
func (p *Partitions[N]) Slots() int {
	if p == nil {
		return 0
	}
	return len(p.owners)
}

// Slot returns the partition of a key, from 0 to Slots()-1, or false if there are no
// partitions. The key may hold any bytes. A key never changes its partition.
func (p *Partitions[N]) Slot(key string) (partition int, ok bool) {
	if p.Slots() == 0 {
		return 0, false
	}
	return p.slotOf(p.keyHash(key)), true
}

// slotOf returns the partition of a hashed key. There is one.
func (p *Partitions[N]) slotOf(h uint64) int { return int(h % uint64(len(p.owners))) }

// Owner returns the node that owns a partition, or false if no node does.
func (p *Partitions[N]) Owner(partition int) (n N, ok bool) {
	if partition < 0 || partition >= p.Slots() || p.owners[partition] == none {
		return n, false
	}
	return p.nodes.Nodes[p.owners[partition]], true
}

// Load returns how many partitions the node with the given ID owns, and how many it
// may own, which is all without a bound. It reports false if the ranking has no such
// node.
func (p *Partitions[N]) Load(id string) (held, limit int, ok bool) {
	if p == nil {
		return 0, 0, false
	}
	at, ok := p.nodes.Find(id)
	if !ok {
		return 0, 0, false
	}
	return int(p.held[at]), int(p.limits[at]), true
}

// Select returns the node that owns the key, or false if no node does. It takes the
// time of one hash and does not allocate.
func (p *Partitions[N]) Select(key string) (n N, ok bool) {
	partition, ok := p.Slot(key)
	if !ok {
		return n, false
	}
	return p.Owner(partition)
}

// Hash returns what [Partitions.SelectHash] takes for the key: the result of
// PartitionsConfig.Hash for the part of it that PartitionsConfig.Key returns. It is 0
// for a nil or zero Partitions.
func (p *Partitions[N]) Hash(key string) uint64 {
	if p == nil || p.keyHash == nil {
		return 0
	}
	return p.keyHash(key)
}

// SelectHash is [Partitions.Select] for a key that is hashed already: h is what
// [Partitions.Hash] returns.
func (p *Partitions[N]) SelectHash(h uint64) (n N, ok bool) {
	if p.Slots() == 0 {
		return n, false
	}
	return p.Owner(p.slotOf(h))
}

// SelectBytes is [Partitions.Select] for a key in a slice, which it does not copy.
func (p *Partitions[N]) SelectBytes(key []byte) (n N, ok bool) { return p.Select(text(key)) }

// SelectN appends n nodes for the key to dst and returns the extended slice: the
// owner of the key's partition, and then the best others in the ranking of the
// partition, each once. It appends fewer if the ranking has fewer. The result for n
// is a prefix of that for n+1. The bound limits owners only. It allocates no more than
// the ranking's SelectN.
func (p *Partitions[N]) SelectN(dst []N, key string, n int) []N {
	partition, ok := p.Slot(key)
	if !ok {
		return dst
	}
	return p.appendBest(dst, partition, n)
}

// appendBest is SelectN for a key of a partition.
func (p *Partitions[N]) appendBest(dst []N, partition, n int) []N {
	owner, ok := p.Owner(partition)
	if !ok || n <= 0 {
		return dst
	}
	if n == 1 {
		return append(dst, owner)
	}
	best, ok := p.ranking.(interface {
		SelectN(dst []N, key string, n int) []N
	})
	if !ok {
		return p.appendRanked(dst, partition, n)
	}
	start := len(dst)
	dst = best.SelectN(dst, p.key(partition), n)
	p.ownerFirst(dst[start:], owner)
	return dst
}

// ownerFirst moves the owner to the front of the best nodes. It replaces the last node
// if the owner is not among them.
func (p *Partitions[N]) ownerFirst(best []N, owner N) {
	if len(best) == 0 {
		return
	}
	id, at := p.cfg.ID(owner), 0
	for at < len(best)-1 && p.cfg.ID(best[at]) != id {
		at++
	}
	copy(best[1:at+1], best[:at])
	best[0] = owner
}

func (p *Partitions[N]) appendRanked(dst []N, partition, n int) []N {
	p.rank(partition, func(node N) bool {
		dst, n = append(dst, node), n-1
		return n > 0
	})
	return dst
}

// Rank yields the nodes of the ranking in the order of SelectN. Stopping early saves
// work.
func (p *Partitions[N]) Rank(key string) iter.Seq[N] {
	return func(yield func(N) bool) {
		if partition, ok := p.Slot(key); ok {
			p.rank(partition, yield)
		}
	}
}

// rank yields the nodes for a key of a partition.
func (p *Partitions[N]) rank(partition int, yield func(N) bool) {
	owner, ok := p.Owner(partition)
	if !ok || !yield(owner) {
		return
	}
	id := p.cfg.ID(owner)
	for n := range p.ranking.Rank(p.key(partition)) {
		if p.cfg.ID(n) != id && !yield(n) {
			return
		}
	}
}

// Owns reports whether the node with the given ID is among the first n nodes for the
// key, which are those that SelectN returns.
func (p *Partitions[N]) Owns(key, id string, n int) bool {
	if n <= 0 {
		return false
	}
	for node := range p.Rank(key) {
		if p.cfg.ID(node) == id {
			return true
		}
		if n--; n == 0 {
			break
		}
	}
	return false
}

// Len returns the number of nodes of the ranking. Sets and rings do not rank drained
// nodes.
func (p *Partitions[N]) Len() int {
	if p == nil {
		return 0
	}
	return p.nodes.Len()
}

// All yields every node of the ranking by ascending ID.
func (p *Partitions[N]) All() iter.Seq[N] {
	if p == nil || p.nodes == nil {
		return func(func(N) bool) {}
	}
	return slices.Values(p.nodes.Nodes)
}

// Weight returns the weight of the node with the given ID, or false if the ranking
// has no such node.
func (p *Partitions[N]) Weight(id string) (w float64, ok bool) {
	if p == nil {
		return 0, false
	}
	at, ok := p.nodes.Find(id)
	if !ok {
		return 0, false
	}
	return p.nodes.Weights[at], true
}

// Checksum identifies the placement: two values with one checksum give every key to
// the node with the same ID. It depends on the number of partitions, the bound, the
// hash of keys, PartitionsConfig.Key by its results for fixed keys, the IDs and weights
// of the ranked nodes, and the owner of every partition. It is 0 for a nil or zero Partitions, and takes time proportional to
// their number.
func (p *Partitions[N]) Checksum() uint64 {
	if p.Slots() == 0 {
		return 0
	}
	sum := nodeset.NewChecksum("partitions v1")
	sum.Uint64(uint64(len(p.owners)))
	sum.Uint64(math.Float64bits(p.cfg.Bound))
	for _, probe := range nodeset.BasicKeys() {
		sum.Uint64(p.hash(probe))
	}
	for i, id := range p.nodes.IDs {
		sum.String(id)
		sum.Uint64(math.Float64bits(p.nodes.Weights[i]))
	}
	fold := uint64(0)
	for _, owner := range p.owners {
		if owner != none {
			fold = prf.Finalize(fold + uint64(owner) + 1)
		}
	}
	sum.Uint64(fold)
	if p.cfg.Hash != nil {
		sum.Hash(p.hash, p.nodes.IDs)
	}
	if p.cfg.Key != nil {
		sum.Key(p.cfg.Key)
	}
	return sum.Sum()
}
