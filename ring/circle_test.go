package ring

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainLocate is the definition of locate: it compares all bits of the positions of
// sorted points.
func plainLocate(points []point, key uint64, bits int, rule lookup) uint32 {
	i := sort.Search(len(points), func(i int) bool {
		p := points[i].position
		return p > key || p == key && rule != after
	})
	n := len(points)
	switch rule {
	case noWrap:
		return points[min(i, n-1)].owner
	case nearest:
		left, right := points[(i+n-1)%n], points[i%n]
		circle := uint64(math.MaxUint64) >> (64 - bits)
		if (key-left.position)&circle <= (right.position-key)&circle {
			return left.owner
		}
	}
	return points[i%n].owner
}

// TestLocateComparesAllBits builds circles whose points differ in only a few bits,
// and looks up positions at them, next to them and anywhere.
func TestLocateComparesAllBits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		nodes  int
		bits   int
		spread uint64 // of the positions
		base   uint64
		lookup lookup
		keep   keep
	}{
		{name: "all of 64 bits", nodes: 50, bits: 64, spread: math.MaxUint64},
		{name: "the low 16 bits", nodes: 50, bits: 64, spread: 1<<16 - 1, base: 0xabcd << 48},
		{name: "the low 20 bits", nodes: 50, bits: 64, spread: 1<<20 - 1, base: 0xabcd << 48},
		{name: "three positions, so many collisions", nodes: 50, bits: 64, spread: 3},
		{name: "three positions, one point each", nodes: 50, bits: 64, spread: 3, keep: keepFirst},
		{name: "three positions, the last point of each", nodes: 50, bits: 64, spread: 3, keep: keepLast},
		{name: "three positions, nearest", nodes: 50, bits: 64, spread: 3, lookup: nearest},
		{name: "nearest", nodes: 50, bits: 64, spread: math.MaxUint64, lookup: nearest},
		{name: "32 bits, nearest", nodes: 50, bits: 32, spread: math.MaxUint32, lookup: nearest},
		{name: "32 bits, no wrap", nodes: 50, bits: 32, spread: math.MaxUint32, lookup: noWrap},
		{name: "32 bits, no wrap, few positions", nodes: 50, bits: 32, spread: 3, base: 9, lookup: noWrap, keep: keepLast},
		{name: "one point, nearest", nodes: 1, bits: 32, spread: math.MaxUint32, lookup: nearest},
		{name: "one point, no wrap", nodes: 1, bits: 32, spread: math.MaxUint32, lookup: noWrap},
		{name: "the highest positions", nodes: 9, bits: 64, spread: 7, base: math.MaxUint64 - 7},
		{name: "too many nodes for 16 bits", nodes: ownerMask + 2, bits: 64, spread: math.MaxUint64},
		{name: "too many nodes, close together", nodes: ownerMask + 2, bits: 64, spread: 1<<16 - 1},
		{name: "32 bits", nodes: 50, bits: 32, spread: math.MaxUint32},
		{name: "32 bits, strictly after", nodes: 50, bits: 32, spread: math.MaxUint32, lookup: after},
		{name: "32 bits, the last position", nodes: 9, bits: 32, spread: 3, base: math.MaxUint32 - 3, lookup: after},
		{name: "32 bits, points up to 44", nodes: 50, bits: 32, spread: 1<<44 - 1, lookup: after},
		{name: "strictly after", nodes: 50, bits: 64, spread: math.MaxUint64, lookup: after},
		{name: "strictly after, low points", nodes: 2, bits: 64, spread: 1<<61 - 1, lookup: after},
		{name: "one point", nodes: 1, bits: 64, spread: math.MaxUint64},
		{name: "one point of 32 bits", nodes: 1, bits: 32, spread: math.MaxUint32, lookup: after},
		{name: "two points", nodes: 2, bits: 64, spread: math.MaxUint64},
	} {
		t.Run(c.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(c.nodes)))
			p := &plan{bits: c.bits, lookup: c.lookup, keep: c.keep}
			var want []point
			for i := range c.nodes {
				want = append(want, point{c.base + rnd.Uint64()&c.spread, uint32(i)})
				p.positions = append(p.positions, want[i].position)
				p.next()
			}
			slices.SortFunc(want, func(a, b point) int {
				return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.owner, b.owner))
			})
			switch c.keep {
			case keepFirst:
				want = slices.CompactFunc(want, func(a, b point) bool { return a.position == b.position })
			case keepLast:
				slices.Reverse(want)
				want = slices.CompactFunc(want, func(a, b point) bool { return a.position == b.position })
				slices.Reverse(want)
			}
			cir := newCircle(p, nil, c.nodes)
			require.Equal(t, len(want), cir.len())
			for i, p := range want {
				require.Equal(t, p.position, cir.position(i))
				require.Equal(t, p.owner, cir.owner(i))
			}
			last := uint64(math.MaxUint64) >> (64 - c.bits)
			var checked []uint64
			var owners []uint32
			check := func(position uint64) {
				position &= last
				owner := plainLocate(want, position, c.bits, c.lookup)
				require.Equal(t, owner, cir.owner(cir.locate(position)), "position %#x", position)
				checked, owners = append(checked, position), append(owners, owner)
			}
			for i := range sparing(2000) {
				near := want[i%len(want)].position
				check(near)
				check(near - 1)
				check(near + 1)
				check(rnd.Uint64())
				check(c.base + rnd.Uint64()&c.spread)
			}
			check(0)
			check(last)
			many := make([]uint32, len(checked))
			cir.ownersOf(many, checked)
			require.Equal(t, owners, many, "all positions in one call")
		})
	}
}

// TestLastOwnerOf16Bits has points of the last of as many nodes as 16 bits count, and a
// key whose top 48 bits are those of a point.
func TestLastOwnerOf16Bits(t *testing.T) {
	t.Parallel()
	p := &plan{bits: 64, positions: []uint64{9 << 48}}
	for range ownerMask {
		p.next()
	}
	p.positions = append(p.positions, 5<<48+100)
	p.next()
	c := newCircle(p, nil, ownerMask+1)
	keys, want := []uint64{5<<48 + 100, 5<<48 + 101}, []uint32{ownerMask, 0}
	at := make([]uint32, len(keys))
	c.ownersOf(at, keys)
	require.Equal(t, want, at)
	for i, key := range keys {
		require.Equal(t, want[i], c.owner(c.locate(key)))
	}
}

// TestBucketsAreAboutAsManyAsPoints bounds the memory of the index, and the expected steps
// of a lookup.
func TestBucketsAreAboutAsManyAsPoints(t *testing.T) {
	t.Parallel()
	for n := 3; n < 1000; n++ {
		var c circle
		c.bits = 64
		c.divide(n)
		buckets := len(c.index) - 2
		require.Greater(t, 4*buckets, 3*n-4, "%d points", n)
		require.LessOrEqual(t, 2*buckets, 3*n, "%d points", n)
	}
}

func TestRenameReplacesOwners(t *testing.T) {
	t.Parallel()
	p := &plan{positions: []uint64{5, 5, 1}, ends: []int{1, 2, 3}, bits: 32}
	c := newCircle(p, []uint32{2, 0, 1}, 3)
	var owners []uint32
	for i := range c.len() + 1 {
		owners = append(owners, c.owner(i))
	}
	require.Equal(t, []uint32{1, 2, 0, 1}, owners, "in the order before renaming, then the first again")
}
