package place

import (
	"cmp"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// pointWork is the work of placing a point on a ring, in scores of a node: the point
// is hashed and sorted.
const pointWork = 100

// BuildWork returns an upper bound of the work of building the placement on nodes:
// the number of scores of a table or of partitions, or 100 for each point of a ring.
// It is 0 for algorithms that build nothing.
func (o *Flags) BuildWork(nodes []mapper.Node) float64 {
	switch o.algorithm.Name {
	case "table":
		return float64(len(nodes)) * float64(int(1)<<o.tableBits.value)
	case "partitions":
		return float64(len(nodes)) * float64(o.partitions.value)
	}
	points := 0.0
	for _, n := range nodes {
		points += n.Capacity() / o.unit.value * float64(cmp.Or(o.points.value, o.algorithm.fixed.points))
	}
	return pointWork * min(points, ring.MaxPoints)
}
