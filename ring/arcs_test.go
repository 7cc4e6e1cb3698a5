package ring

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestArcsCountEveryPosition compares arcs with the owners of all positions of small
// circles, some of which have all points at one position, at the first or at the last.
func TestArcsCountEveryPosition(t *testing.T) {
	t.Parallel()
	const bits = 8
	for _, points := range [][]uint64{
		{10}, {10, 10}, {10, 10, 10}, {0}, {255}, {0, 0}, {255, 255}, {0, 255}, {255, 0, 255}, {127, 128}, {1, 2, 200}, {200, 77, 5, 77},
	} {
		for _, rule := range []lookup{atOrAfter, after, nearest, noWrap} {
			p := &plan{positions: append([]uint64(nil), points...), bits: bits, lookup: rule}
			for i := range points {
				p.ends = append(p.ends, i+1)
			}
			c := newCircle(p, nil, len(points))
			want, got := make([]uint64, len(points)), make([]uint64, len(points))
			for position := range uint64(1 << bits) {
				want[c.owner(c.locate(position))]++
			}
			c.measure(got)
			assert.Equal(t, want, got, "points at %v, lookup %s", points, lookupNames[rule])
		}
	}
}
