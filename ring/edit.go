package ring

import (
	"cmp"
	"slices"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// With returns a ring with additional nodes: the ring that New builds of the
// nodes of r, in the order in which they were given, followed by the added ones.
// Config.Capacity gives the capacities of the added nodes; the others keep
// theirs. The errors are those of New, [ErrDuplicateID] among them.
//
// With [Hashed] it hashes only the added nodes and merges their points, in about
// half the time of New. With other layouts it takes as long as New. The history
// of a [HashRing] built by a [Builder] is not kept.
func (r *Ring[N]) With(nodes ...N) (*Ring[N], error) {
	cfg := r.config()
	return r.over(r.nodes().With(nodes, cfg.ID, cfg.Capacity))
}

// Without returns a ring without the nodes that have these IDs: the ring that
// New builds of the other nodes. It returns a [*NodeError] that wraps
// [ErrUnknownID] if there is no such node. The cost is that of [Ring.With].
func (r *Ring[N]) Without(ids ...string) (*Ring[N], error) {
	return r.over(r.nodes().Without(ids))
}

// Reweight returns a ring in which one node has another capacity: the ring that
// New builds if Config.Capacity returns that capacity for the node. The node
// itself stays the caller's value; [Ring.Capacity] returns the new capacity. The
// error is a [*NodeError] that wraps [ErrUnknownID] or [ErrWeight], or one of
// New. The cost is that of [Ring.With].
func (r *Ring[N]) Reweight(id string, capacity float64) (*Ring[N], error) {
	return r.over(r.nodes().Reweight(id, capacity))
}

func (r *Ring[N]) config() Config[N] {
	if r == nil {
		return Config[N]{}
	}
	return r.cfg
}

// over builds the ring of edited nodes.
func (r *Ring[N]) over(all *nodeset.Set[N], err error) (*Ring[N], error) {
	if err != nil {
		return nil, nodeError(err)
	}
	cfg := r.config()
	if r == nil || r.circle == nil {
		return build(all, make([]int, all.Len()), cfg)
	}
	if layout, ok := r.layout.(hashed); ok {
		return r.merge(layout, all)
	}
	return build(all, make([]int, all.Len()), cfg)
}

// merge builds the ring of edited nodes from the points of r: under Hashed those
// of a node do not depend on other nodes.
func (r *Ring[N]) merge(layout hashed, all *nodeset.Set[N]) (*Ring[N], error) {
	edited := newRing(all, r.cfg)
	edited.hash, edited.hashAll, edited.keyHash, edited.finalize, edited.mask = r.hash, r.hashAll, r.keyHash, r.finalize, r.mask
	kept, changed := compare(r.all, all)
	members, _ := edited.members(make([]int, all.Len()))
	total, err := layout.total(members)
	if err != nil {
		return nil, err
	}
	if total == 0 {
		return edited, nil
	}
	merged := points{positions: make([]uint64, 0, int(total)+1), owners: make([]uint32, 0, int(total)+1)}
	added := layout.points(members, changed, r.cfg.Hash)
	for i := range r.circle.len() {
		owner := kept[r.circle.owner(i)]
		if owner < 0 {
			continue
		}
		p := point{r.circle.position(i), uint32(owner)}
		for len(added) > 0 && added[0].compare(p) < 0 {
			merged.add(added[0])
			added = added[1:]
		}
		merged.add(p)
	}
	for _, p := range added {
		merged.add(p)
	}
	edited.circle = sortedCircle(merged, all.Len(), r.circle.bits)
	return edited, nil
}

// compare maps the indices of nodes in one set to those in another, or to -1 if
// the node is gone or its capacity differs, and returns the indices in the other
// set to which none is mapped.
func compare[N any](from, to *nodeset.Set[N]) (kept []int, changed []int) {
	kept = make([]int, from.Len())
	next := 0
	for i, id := range from.IDs {
		for ; next < to.Len() && to.IDs[next] < id; next++ {
			changed = append(changed, next)
		}
		kept[i] = -1
		if next == to.Len() || to.IDs[next] != id {
			continue
		}
		if to.Weights[next] == from.Weights[i] {
			kept[i] = next
		} else {
			changed = append(changed, next)
		}
		next++
	}
	for ; next < to.Len(); next++ {
		changed = append(changed, next)
	}
	return kept, changed
}

// points returns the sorted points of some of the members.
func (l hashed) points(members []member, some []int, h func(string) uint64) (sorted []point) {
	if h == nil {
		h = defaultHash
	}
	var positions []uint64
	var text labels
	for _, i := range some {
		positions = appendHashed(positions[:0], members[i].id, int(l.count(members[i])), h, &text)
		for _, position := range positions {
			sorted = append(sorted, point{position, uint32(i)})
		}
	}
	slices.SortFunc(sorted, point.compare)
	return sorted
}

// compare orders points by position, and points at one position by owner.
func (p point) compare(q point) int {
	return cmp.Or(cmp.Compare(p.position, q.position), cmp.Compare(p.owner, q.owner))
}

func (all *points) add(p point) {
	all.positions = append(all.positions, p.position)
	all.owners = append(all.owners, p.owner)
}
