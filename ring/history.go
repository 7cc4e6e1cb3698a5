package ring

import (
	"cmp"
	"math"
	"slices"
)

// era is a state of thrifty-p2p's ring between two additions: the number of nodes
// and their total capacity.
type era struct{ nodes, total float64 }

// countHistory returns the number of points of each member: the most it had in any
// era since it was added. That depends only on the capacity and the era, so it is
// computed once for each capacity.
func countHistory(c pointCount, members []member) []float64 {
	eras := erasOf(members)
	byCapacity := make([]int, len(members))
	for i := range byCapacity {
		byCapacity[i] = i
	}
	slices.SortFunc(byCapacity, func(a, b int) int { return cmp.Compare(members[a].capacity, members[b].capacity) })
	counts := make([]float64, len(members))
	most, last := make([]float64, len(eras)+1), -1.0
	for _, i := range byCapacity {
		m := members[i]
		if m.capacity != last {
			mostSince(most, eras, c.n/4, m.capacity)
			last = m.capacity
		}
		counts[i] = 4 * most[m.batch]
	}
	return counts
}

// erasOf returns one era for every batch.
func erasOf(members []member) []era {
	arrived := slices.Clone(members)
	slices.SortStableFunc(arrived, func(a, b member) int { return cmp.Compare(a.batch, b.batch) })
	var eras []era
	for _, m := range arrived {
		for len(eras) <= m.batch {
			eras = append(eras, era{})
			if n := len(eras); n > 1 {
				eras[n-1] = eras[n-2]
			}
		}
		now := &eras[len(eras)-1]
		now.nodes++
		now.total += m.capacity
	}
	return eras
}

// mostSince sets most, for every era, to the most groups of four points that a
// node of this capacity had in it or later. The division comes last, as in the
// original; for whole capacities it equals the original's integer division as long
// as the dividend fits 53 bits.
func mostSince(most []float64, eras []era, groups, capacity float64) {
	for i := len(eras) - 1; i >= 0; i-- {
		count := 0.0
		if eras[i].total > 0 {
			count = math.Floor(float64(groups*eras[i].nodes*capacity) / eras[i].total)
		}
		most[i] = max(most[i+1], count)
	}
}
