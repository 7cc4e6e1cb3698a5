package place

import "github.com/proxenos/proxenos/mapper"

// AnyEligible reports whether a node can be given keys.
func AnyEligible(nodes []mapper.Node) bool { return Eligible(nodes) > 0 }

// Eligible returns how many nodes can be given keys.
func Eligible(nodes []mapper.Node) (count int) {
	for _, n := range nodes {
		if n.Capacity() > 0 {
			count++
		}
	}
	return count
}
