package ring

import (
	"iter"
	"math"
)

// Shares yields every node by ascending ID with its share of the circle, from 0
// to 1: the fraction of distinct keys that it owns on average. Shares are counted
// in positions, which add up to exactly the whole circle, and each is then
// rounded to a float64. The share of a node without a point is 0. It takes time
// proportional to the number of points.
func (r *Ring[N]) Shares() iter.Seq2[N, float64] {
	return func(yield func(N, float64) bool) {
		arcs, all := r.arcs()
		for i, n := range r.nodes().Nodes {
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

// arcs returns the number of key positions that each node owns, and the index of
// the node that owns all, or -1: their number may be 2^64, which overflows to 0.
func (r *Ring[N]) arcs() (arcs []uint64, all int) {
	arcs = make([]uint64, r.Len())
	if r.owners() == 0 {
		return arcs, -1
	}
	r.circle.measure(arcs)
	for _, arc := range arcs {
		if arc != 0 {
			return arcs, -1
		}
	}
	return arcs, int(r.circle.owner(r.circle.locate(0)))
}

// measure adds the number of key positions of each point to its owner's arc.
func (c *circle) measure(arcs []uint64) {
	if c.lookup == nearest {
		c.measureNearest(arcs)
		return
	}
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
	arcs[c.owner(c.locate(c.last()))] += last - begin + 1
}

// measureNearest splits the arc between two points in the middle. The position in
// the middle belongs to the point before, and that of a point to the first point
// there.
func (c *circle) measureNearest(arcs []uint64) {
	n := c.len()
	if c.position(0) == c.position(n-1) {
		half := uint64(1) << (c.bits - 1)
		arcs[c.owner(n-1)] += half + 1
		arcs[c.owner(0)] += half - 1
		return
	}
	before := n - 1
	for i := range n {
		gap := (c.position(i) - c.position(before)) & c.last()
		arcs[c.owner(before)] += gap / 2
		arcs[c.owner(i)] += gap - gap/2
		before = i
	}
}

// Points yields the points of the circle by ascending position, each with its
// node, for finding out why two programs disagree. The positions are those of
// the program that the layout agrees with; some of HashRing are greater than any
// key's position.
func (r *Ring[N]) Points() iter.Seq2[uint64, N] {
	return func(yield func(uint64, N) bool) {
		if r.owners() == 0 {
			return
		}
		for i := range r.circle.len() {
			if !yield(r.circle.position(i), r.all.Nodes[r.circle.owner(i)]) {
				return
			}
		}
	}
}
