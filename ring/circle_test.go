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

// plainFind is the definition of find: it compares all 64 bits of the positions
// of sorted points.
func plainFind(points []point, key uint64, after bool) uint32 {
	i := sort.Search(len(points), func(i int) bool {
		p := points[i].position
		return p > key || p == key && !after
	})
	return points[i%len(points)].owner
}

// TestFindComparesAllBits builds circles whose points differ in only a few bits,
// and looks up positions at them, next to them and anywhere.
func TestFindComparesAllBits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		nodes  int
		bits   int
		spread uint64 // of the positions
		base   uint64
		after  bool
		single bool
	}{
		{name: "all of 64 bits", nodes: 50, bits: 64, spread: math.MaxUint64},
		{name: "the low 16 bits", nodes: 50, bits: 64, spread: 1<<16 - 1, base: 0xabcd << 48},
		{name: "the low 20 bits", nodes: 50, bits: 64, spread: 1<<20 - 1, base: 0xabcd << 48},
		{name: "three positions, so many collisions", nodes: 50, bits: 64, spread: 3},
		{name: "three positions, one point each", nodes: 50, bits: 64, spread: 3, single: true},
		{name: "the highest positions", nodes: 9, bits: 64, spread: 7, base: math.MaxUint64 - 7},
		{name: "too many nodes for 16 bits", nodes: ownerMask + 2, bits: 64, spread: math.MaxUint64},
		{name: "too many nodes, close together", nodes: ownerMask + 2, bits: 64, spread: 1<<16 - 1},
		{name: "32 bits", nodes: 50, bits: 32, spread: math.MaxUint32},
		{name: "32 bits, strictly after", nodes: 50, bits: 32, spread: math.MaxUint32, after: true},
		{name: "32 bits, the last position", nodes: 9, bits: 32, spread: 3, base: math.MaxUint32 - 3, after: true},
		{name: "32 bits, points up to 44", nodes: 50, bits: 32, spread: 1<<44 - 1, after: true},
		{name: "one point", nodes: 1, bits: 64, spread: math.MaxUint64},
		{name: "one point of 32 bits", nodes: 1, bits: 32, spread: math.MaxUint32, after: true},
		{name: "two points", nodes: 2, bits: 64, spread: math.MaxUint64},
	} {
		t.Run(c.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(c.nodes)))
			p := &plan{bits: c.bits, after: c.after, single: c.single}
			var want []point
			for i := range c.nodes {
				want = append(want, point{c.base + rnd.Uint64()&c.spread, uint32(i)})
				p.positions = append(p.positions, want[i].position)
				p.next()
			}
			slices.SortFunc(want, func(a, b point) int {
				return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.owner, b.owner))
			})
			if c.single {
				want = slices.CompactFunc(want, func(a, b point) bool { return a.position == b.position })
			}
			cir := newCircle(p, nil, c.nodes)
			require.Equal(t, len(want), cir.len())
			for i, p := range want {
				require.Equal(t, p.position, cir.position(i))
				require.Equal(t, p.owner, cir.owner(i))
			}
			last := uint64(math.MaxUint64) >> (64 - c.bits)
			check := func(position uint64) {
				position &= last
				require.Equal(t, plainFind(want, position, c.after), cir.owner(cir.find(position)), "position %#x", position)
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
		})
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
