package ring

import (
	"iter"
	"math"
)

// Shares yields every node in ascending order of ID with the fraction of all
// landings that it owns: what it would get of an endless stream of distinct
// keys. The fractions are counted in whole landings, which make up exactly the
// whole circle, and each is then rounded once to a float64. A node without a
// point owns 0. It takes time in proportion to the points.
func (r *Ring[N]) Shares() iter.Seq2[N, float64] {
	return func(yield func(N, float64) bool) {
		arcs, all := r.arcs()
		for i, n := range r.r.Nodes {
			share := 0.0
			switch {
			case i == all:
				share = 1
			case r.circle != nil:
				share = math.Ldexp(float64(arcs[i]), -r.circle.bits)
			}
			if !yield(n, share) {
				return
			}
		}
	}
}

// arcs returns how many landings each node owns, and the node that owns all or
// -1: all of them may be 2^64, which is 0 among the arcs.
func (r *Ring[N]) arcs() (arcs []uint64, all int) {
	arcs = make([]uint64, r.Len())
	if r.circle == nil {
		return arcs, -1
	}
	r.circle.measure(arcs)
	for _, arc := range arcs {
		if arc != 0 {
			return arcs, -1
		}
	}
	return arcs, int(r.circle.owner(r.circle.find(0)))
}

// measure adds the landings that belong to each point to its owner's arc.
func (c *circle) measure(arcs []uint64) {
	begin, last := c.after, c.last()+c.after // as find moves them
	for i := range c.len() {
		if p := c.position(i); p >= last {
			arcs[c.owner(i)] += last - begin + 1
			return
		} else if p >= begin {
			arcs[c.owner(i)] += p - begin + 1
			begin = p + 1
		}
	}
	arcs[c.owner(0)] += last - begin + 1
}

// Points yields the points of the circle from the lowest position to the
// highest, each with its node: what placement rests on, for a look when two
// programs disagree. A layout's positions are those of the program it agrees
// with; those of HashRing may lie beyond every landing.
func (r *Ring[N]) Points() iter.Seq2[uint64, N] {
	return func(yield func(uint64, N) bool) {
		if r.circle == nil {
			return
		}
		for i := range r.circle.len() {
			if !yield(r.circle.position(i), r.r.Nodes[r.circle.owner(i)]) {
				return
			}
		}
	}
}
