package ring

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// circle is a sorted list of points that finds the first point at or after a
// position.
//
//	position  ········ ········ ········ ········   (64 bits)
//	          bucket --^                            the top bits choose a bucket
//	index     [ 0, 1, 1, 3, ... ]                   where its points begin
//	words     [ position:48 owner:16, ... ]         from there, step to the result
//
// There are about as many buckets as points, so one or two steps are expected
// for any arrangement of points, as long as the positions of keys are uniform. A
// word holds the top 48 bits of a position and the owner, so one load suffices.
// The low 16 bits are stored apart and read only for a key that shares the top 48
// with a point, one key in 2^48/n; the result is always that of comparing all
// bits.
type circle struct {
	words []uint64 // one more than points: the last leads back to the first
	low   []uint16 // nil if no position needs its low 16 bits
	wide  []uint32 // owners, if there are too many for 16 bits
	index []uint32
	up    uint   // shifts a key position to the top of a word
	down  uint   // shifts a key position to its bucket
	bits  int    // width of a key position
	after uint64 // 1 if a key belongs to the first point after its position, else 0

	lookup lookup // what locate adds to find

	owners int // nodes that have a point
}

// point is a position on the circle and the index of the node that owns it.
type point struct {
	position uint64
	owner    uint32
}

// points holds points in two slices, of which the first becomes the words of the
// circle in place.
type points struct {
	positions []uint64
	owners    []uint32
}

const (
	ownerBits = 16
	ownerMask = 1<<ownerBits - 1
)

// newCircle sorts the points of a plan by position, then owner. If rename is not
// nil, it then replaces every owner.
func newCircle(p *plan, rename []uint32, nodes int) *circle {
	c := &circle{bits: p.bits, lookup: p.lookup}
	if p.lookup == after {
		c.after = 1
	}
	c.divide(len(p.positions))
	all := c.sort(p)
	if p.keep != keepAll {
		all.compact(p.keep)
		c.reindex(all.positions)
	}
	if rename != nil {
		for i, owner := range all.owners {
			all.owners[i] = rename[owner]
		}
	}
	c.pack(all, nodes)
	return c
}

// sortedCircle makes the circle of points that are sorted by position, then owner.
func sortedCircle(all points, nodes, bits int) *circle {
	c := &circle{bits: bits}
	c.divide(len(all.positions))
	c.reindex(all.positions)
	c.pack(all, nodes)
	return c
}

// divide chooses the number of buckets for n points: a power of two between
// three quarters of n and one and a half times n. There are at least two, so
// that the shift stays below 64 and costs one instruction.
func (c *circle) divide(n int) {
	width := c.width(n)
	c.down = uint(c.bits - width)
	c.index = make([]uint32, 1<<width+2)
}

// width returns how many bits of a position choose its bucket, for n points.
func (c *circle) width(n int) int { return min(max(1, bits.Len(uint(n*3/4))), c.bits) }

// bucket returns the bucket of a position. The last bucket holds the points
// beyond all key positions.
func (c *circle) bucket(position uint64) uint64 {
	return min(position>>(c.down&63), uint64(len(c.index)-2))
}

// sort sorts points by position: a counting sort into the buckets, which makes
// the index, and then a sort of each bucket. It is stable, so points at one
// position are in the order of their owners.
func (c *circle) sort(p *plan) points {
	largest := c.count(p.positions)
	all := c.scatter(p)
	if largest > 32 { // Continuum has many points at one position, HashRing in the last bucket
		c.sortBuckets(all)
	} else {
		all.insertionSort()
	}
	return all
}

// scatter copies every point into its bucket, with capacity for one more point.
func (c *circle) scatter(p *plan) points {
	n := len(p.positions)
	all := points{positions: make([]uint64, n, n+1), owners: make([]uint32, n, n+1)}
	begin := 0
	for owner, end := range p.ends {
		for _, position := range p.positions[begin:end] {
			next := &c.index[c.bucket(position)+1]
			all.positions[*next], all.owners[*next] = position, uint32(owner)
			*next++
		}
		begin = end
	}
	return all
}

func (c *circle) sortBuckets(all points) {
	var bucket []point
	for b, begin := range c.index[:len(c.index)-1] {
		bucket = bucket[:0]
		for i := begin; i < c.index[b+1]; i++ {
			bucket = append(bucket, point{all.positions[i], all.owners[i]})
		}
		slices.SortStableFunc(bucket, func(p, q point) int { return cmp.Compare(p.position, q.position) })
		for i, p := range bucket {
			all.positions[int(begin)+i], all.owners[int(begin)+i] = p.position, p.owner
		}
	}
}

// insertionSort is fast for points that are already in their small buckets.
func (all points) insertionSort() {
	positions, owners := all.positions, all.owners[:len(all.positions)]
	for i := 1; i < len(positions); i++ {
		position, owner, j := positions[i], owners[i], i
		for ; j > 0 && positions[j-1] > position; j-- {
			positions[j], owners[j] = positions[j-1], owners[j-1]
		}
		if j != i {
			positions[j], owners[j] = position, owner
		}
	}
}

// compact keeps the first or the last of the points at one position.
func (all *points) compact(which keep) {
	kept := 0
	for i, position := range all.positions {
		switch {
		case i == 0 || position != all.positions[kept-1]:
			all.positions[kept], all.owners[kept] = position, all.owners[i]
			kept++
		case which == keepLast:
			all.owners[kept-1] = all.owners[i]
		}
	}
	all.positions, all.owners = all.positions[:kept], all.owners[:kept]
}

// count sets index[b+1] to where the points of bucket b begin; scatter advances
// each entry to its final value. It returns the size of the largest bucket.
func (c *circle) count(positions []uint64) (largest uint32) {
	for _, p := range positions {
		if b := c.bucket(p) + 2; b < uint64(len(c.index)) {
			c.index[b]++
		}
	}
	placed := uint32(0)
	for b, n := range c.index {
		largest = max(largest, n)
		placed += n
		c.index[b] = placed
	}
	return max(largest, uint32(len(positions))-placed)
}

// reindex makes the index of sorted positions. It has no branch that a random
// position could mispredict.
func (c *circle) reindex(positions []uint64) {
	clear(c.index)
	for i, position := range positions {
		c.index[c.bucket(position)+1] = uint32(i + 1)
	}
	end := uint32(0)
	for b, next := range c.index {
		end = max(end, next)
		c.index[b] = end
	}
}

// pack turns sorted points into words, in place.
func (c *circle) pack(all points, nodes int) {
	n := len(all.positions)
	width := min(c.bits+int(c.after), 64) // of the position after the last, or of all of 64 bits
	c.up = uint(64 - max(width, bits.Len64(all.positions[n-1])))
	c.words = append(all.positions, math.MaxUint64>>c.up)
	owners := append(all.owners, all.owners[0])
	if c.up < ownerBits {
		c.low = make([]uint16, n)
	}
	for i, position := range c.words {
		word := position << (c.up & 63)
		if i < len(c.low) {
			c.low[i] = uint16(word)
		}
		c.words[i] = word &^ ownerMask
	}
	c.setOwners(owners, nodes)
}

// setOwners stores each point's owner in its word if the node count fits 16 bits.
func (c *circle) setOwners(owners []uint32, nodes int) {
	seen := make([]bool, nodes)
	for _, owner := range owners {
		seen[owner] = true
	}
	for _, has := range seen {
		if has {
			c.owners++
		}
	}
	if nodes > ownerMask+1 {
		c.wide = owners
		return
	}
	for i, owner := range owners {
		c.words[i] |= uint64(owner)
	}
}

// last returns the greatest key position.
func (c *circle) last() uint64 { return math.MaxUint64 >> (64 - c.bits) }

// locate returns the index of the point that a key position belongs to. It may be
// len, which stands for the first point.
func (c *circle) locate(position uint64) int {
	i := c.find(position)
	if c.lookup >= nearest {
		return c.adjust(i, position)
	}
	return i
}

// adjust turns the first point at or after a position into the one that the lookup
// rule chooses.
func (c *circle) adjust(i int, position uint64) int {
	if c.lookup == noWrap {
		return min(i, c.len()-1)
	}
	before, at := i-1, i
	if before < 0 {
		before = c.len() - 1
	}
	if at == c.len() {
		at = 0
	}
	if (position-c.position(before))&c.last() <= (c.position(at)-position)&c.last() {
		return before
	}
	return at
}

// find returns the index of the first point at or after a key position, or after it
// if that is the lookup rule. It may be len, which stands for the first point.
func (c *circle) find(position uint64) int {
	position += c.after
	word := position << (c.up & 63)
	top := word &^ ownerMask
	i := int(c.index[position>>(c.down&63)])
	for c.words[i] < top {
		i++
	}
	if c.low != nil && c.words[i]^top <= ownerMask {
		return c.findLow(i, word)
	}
	return i
}

// findLow continues where the top 48 bits of points and key position are equal.
func (c *circle) findLow(i int, word uint64) int {
	for i < len(c.low) && c.words[i]^word <= ownerMask && c.low[i] < uint16(word) {
		i++
	}
	return i
}

// owner returns the owner of the point at i, which may be len.
func (c *circle) owner(i int) uint32 {
	if c.wide != nil {
		return c.wide[i]
	}
	return uint32(c.words[i] & ownerMask)
}

// len returns the number of points.
func (c *circle) len() int { return len(c.words) - 1 }

// next returns the index of the point that follows i on the circle.
func (c *circle) next(i int) int {
	if i++; i >= c.len() {
		return i - c.len()
	}
	return i
}

// position returns the position of the point at i.
func (c *circle) position(i int) uint64 {
	word := c.words[i] &^ ownerMask
	if c.low != nil {
		word |= uint64(c.low[i])
	}
	return word >> c.up
}
