package ring

import (
	"math"
	"slices"
)

// lost stands for the owner of a point that an edit deletes.
const lost = math.MaxUint32

// edit is a change of the points of a circle.
type edit struct {
	kept   []uint32 // by owner, its index after the edit, or lost; ascending
	gone   int      // number of points whose owner is lost
	added  []point  // sorted
	nodes  int      // after the edit
	owners int      // of them, those with a point
}

// edit returns the circle after a change that leaves a point. It is the circle that
// would be built of all points.
func (c *circle) edit(e edit) *circle {
	n := c.len() - e.gone + len(e.added)
	if c.wide != nil || c.low == nil || e.nodes > ownerMask+1 || c.width(n) != c.width(c.len()) {
		return c.rebuild(e, n)
	}
	edited := &circle{up: c.up, down: c.down, bits: c.bits, after: c.after, lookup: c.lookup, owners: e.owners}
	edited.words, edited.low = make([]uint64, n+1), make([]uint16, n)
	removed := c.copyPoints(edited, e, n)
	edited.index = slices.Clone(c.index) // which does not clear it first
	edited.shift(removed, e.added)
	return edited
}

// rebuild is edit in time proportional to all points.
func (c *circle) rebuild(e edit, n int) *circle {
	all := points{positions: make([]uint64, 0, n+1), owners: make([]uint32, 0, n+1)}
	added := e.added
	for i := range c.len() {
		p := point{c.position(i), e.kept[c.owner(i)]}
		for len(added) > 0 && p.owner != lost && added[0].compare(p) < 0 {
			all.add(added[0])
			added = added[1:]
		}
		if p.owner != lost {
			all.add(p)
		}
	}
	for _, p := range added {
		all.add(p)
	}
	return sortedCircle(all, e.nodes, c.bits)
}

func (all *points) add(p point) {
	all.positions = append(all.positions, p.position)
	all.owners = append(all.owners, p.owner)
}

// copyPoints copies the points that are kept to the edited circle, under the new
// indices of their owners, with the added ones between them. It returns the positions
// of those that are not kept.
func (c *circle) copyPoints(edited *circle, e edit, n int) (removed []uint64) {
	from, to := 0, 0
	removed = make([]uint64, 0, e.gone)
	for _, p := range e.added {
		end := c.before(p, e.kept)
		to, removed = c.copyRange(edited, to, from, end, e.kept, removed)
		edited.words[to], edited.low[to] = p.position&^ownerMask|uint64(p.owner), uint16(p.position)
		from, to = end, to+1
	}
	_, removed = c.copyRange(edited, to, from, c.len(), e.kept, removed)
	edited.words[n] = math.MaxUint64&^ownerMask | edited.words[0]&ownerMask
	return removed
}

// before returns the index of the first point that an added one precedes.
func (c *circle) before(p point, kept []uint32) int {
	i := c.find(p.position)
	for i < c.len() && c.position(i) == p.position {
		if owner := kept[c.owner(i)]; owner != lost && owner > p.owner {
			break
		}
		i++
	}
	return i
}

// copyRange copies the kept points from one index to another. It returns the index
// after the last copy.
func (c *circle) copyRange(edited *circle, to, from, end int, kept []uint32, removed []uint64) (int, []uint64) {
	if cap(removed) == 0 {
		renumber(edited.words[to:], c.words[from:end], kept)
		copy(edited.low[to:], c.low[from:end])
		return to + end - from, removed
	}
	words, low := edited.words, edited.low
	for i := from; i < end; i++ {
		word := c.words[i]
		owner := kept[word&ownerMask]
		if owner == lost {
			removed = append(removed, c.position(i))
			continue
		}
		words[to] = word&^ownerMask | uint64(owner)
		low[to] = c.low[i]
		to++
	}
	return to, removed
}

// renumber copies words with the new indices of their owners.
func renumber(dst, words []uint64, kept []uint32) {
	dst = dst[:len(words)]
	for i, word := range words {
		dst[i] = word&^ownerMask | uint64(kept[word&ownerMask])
	}
}

// shift changes the entries of the index by the number of points that were removed and
// added before their buckets.
func (c *circle) shift(removed []uint64, added []point) {
	next, change := uint64(0), uint32(0)
	for len(removed) > 0 || len(added) > 0 {
		var bucket uint64
		step := uint32(1)
		if len(added) == 0 || len(removed) > 0 && removed[0] < added[0].position {
			bucket, removed, step = c.bucket(removed[0]), removed[1:], ^uint32(0)
		} else {
			bucket, added = c.bucket(added[0].position), added[1:]
		}
		addTo(c.index[next:bucket+1], change)
		next, change = bucket+1, change+step
	}
	addTo(c.index[next:], change)
}

func addTo(index []uint32, change uint32) {
	for i := range index {
		index[i] += change
	}
}
