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
// With [Hashed] it hashes only the added nodes and copies all other points, so one
// node of many takes about a tenth of the time of New. With other layouts it takes as
// long as New. The history of a [HashRing] built by a [Builder] is not kept.
func (r *Ring[N]) With(nodes ...N) (*Ring[N], error) {
	cfg := r.config()
	return r.edited(r.nodes().With(nodes, cfg.ID, cfg.Capacity))
}

// Without returns a ring without the nodes that have these IDs: the ring that
// New builds of the other nodes. It returns a [*NodeError] that wraps
// [ErrUnknownID] if there is no such node. The cost is that of [Ring.With].
func (r *Ring[N]) Without(ids ...string) (*Ring[N], error) {
	return r.edited(r.nodes().Without(ids))
}

// Reweight returns a ring in which one node has another capacity: the ring that
// New builds if Config.Capacity returns that capacity for the node. The node
// itself stays the caller's value; [Ring.Capacity] returns the new capacity. The
// error is a [*NodeError] that wraps [ErrUnknownID] or [ErrWeight], or one of
// New. The cost is that of [Ring.With].
func (r *Ring[N]) Reweight(id string, capacity float64) (*Ring[N], error) {
	return r.edited(r.nodes().Reweight(id, capacity))
}

// Over returns the ring that New builds of these nodes with the configuration of r, and
// copies what both rings have in common: the cost is that of as many edits by With and
// Without. The errors are those of New; that of a nil or zero Ring is [ErrNoID].
func (r *Ring[N]) Over(nodes []N) (*Ring[N], error) {
	cfg := r.config()
	return r.edited(nodeset.New(nodes, cfg.ID, cfg.Capacity))
}

func (r *Ring[N]) config() Config[N] {
	if r == nil {
		return Config[N]{}
	}
	return r.cfg
}

// edited builds the ring of edited nodes.
func (r *Ring[N]) edited(all *nodeset.Set[N], err error) (*Ring[N], error) {
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
	e := edit{nodes: all.Len()}
	var lost, changed []int
	e.kept, lost, changed = compare(r.all, all)
	for _, i := range lost {
		e.gone += int(layout.count(r.member(i)))
	}
	more := make([]member, len(changed))
	for k, i := range changed {
		more[k] = edited.member(i)
	}
	added, rest := layout.sum(more), float64(r.circle.len()-e.gone)
	switch {
	case checkTotal(added+rest) != nil, added > rest:
		return build(all, make([]int, all.Len()), r.cfg) // or the error
	case added+rest == 0:
		return edited, nil
	}
	e.added = layout.points(more, changed, r.cfg.Hash)
	for _, w := range all.Weights {
		if w > 0 {
			e.owners++
		}
	}
	edited.circle = r.circle.edit(e)
	return edited, nil
}

// member returns the node at an index as a layout without history sees it.
func (r *Ring[N]) member(i int) member { return member{id: r.all.IDs[i], capacity: r.units(i)} }

// compare maps the indices of nodes in one set to those in another, or to lost if the
// node is gone or its capacity differs. It returns the indices of those, and the
// indices in the other set to which none is mapped.
func compare[N any](from, to *nodeset.Set[N]) (kept []uint32, without, changed []int) {
	kept = make([]uint32, from.Len())
	next := 0
	for i, id := range from.IDs {
		for ; next < to.Len() && to.IDs[next] < id; next++ {
			changed = append(changed, next)
		}
		same := next < to.Len() && to.IDs[next] == id
		if same && to.Weights[next] == from.Weights[i] {
			kept[i] = uint32(next)
		} else {
			kept[i] = lost
			without = append(without, i)
		}
		if same {
			if kept[i] == lost {
				changed = append(changed, next)
			}
			next++
		}
	}
	for ; next < to.Len(); next++ {
		changed = append(changed, next)
	}
	return kept, without, changed
}

// points returns the sorted points of members that have these indices.
func (l hashed) points(members []member, owners []int, h func(string) uint64) (sorted []point) {
	if h == nil {
		h = defaultHash
	}
	var positions []uint64
	var text labels
	for k, m := range members {
		positions = appendHashed(positions[:0], m.id, int(l.count(m)), h, &text)
		for _, position := range positions {
			sorted = append(sorted, point{position, uint32(owners[k])})
		}
	}
	slices.SortFunc(sorted, point.compare)
	return sorted
}

// compare orders points by position, and points at one position by owner.
func (p point) compare(q point) int {
	return cmp.Or(cmp.Compare(p.position, q.position), cmp.Compare(p.owner, q.owner))
}
