package place

import "github.com/proxenos/proxenos/mapper"

// AnyEligible reports whether a node is eligible for keys.
func AnyEligible(nodes []mapper.Node) bool { return Eligible(nodes) > 0 }

// Eligible returns the number of nodes that are not drained.
func Eligible(nodes []mapper.Node) (count int) {
	for _, n := range nodes {
		if n.Capacity() != 0 {
			count++
		}
	}
	return count
}
