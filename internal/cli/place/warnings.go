package place

import (
	"fmt"
	"iter"
	"slices"
)

// FewPoints is the number of points below which the share of a node is far from
// its weight; package ring has a table.
const FewPoints = 40

// pointsByWeight are the algorithms that give every node that is not drained a point
// at least.
var pointsByWeight = []string{"nginx", "ingress-nginx", "haproxy", "varnish-shard", "groupcache", "go-zero"}

// Warnings returns what is odd about the placement: nodes that own no keys although
// they are not drained, and nodes with fewer than FewPoints points.
func (p *Placement) Warnings() (warnings []string) {
	switch r := p.Ranking.(type) {
	case interface {
		Points() iter.Seq2[uint64, int]
		Shares() iter.Seq2[int, float64]
	}:
		points, shares := make([]int, len(p.Nodes)), make([]float64, len(p.Nodes))
		for _, i := range r.Points() {
			points[i]++
		}
		for i, share := range r.Shares() {
			shares[i] = share
		}
		// Some rings do not keep points that coincide, and no weight is too small
		// for a point there.
		small := func(i int) bool { return points[i] == 0 && !slices.Contains(pointsByWeight, p.Algorithm) }
		warnings = p.idle(warnings, "its weight is too small for a point", func(i int) bool { return shares[i] > 0 || !small(i) })
		warnings = p.idle(warnings, "its points coincide with those of other nodes", func(i int) bool { return shares[i] > 0 || small(i) })
		return p.few(warnings, points)
	case interface {
		Slots() int
		Owner(slot int) (int, bool)
	}:
		slots := make([]int, len(p.Nodes))
		for slot := range r.Slots() {
			if i, ok := r.Owner(slot); ok {
				slots[i]++
			}
		}
		reason := "the table has too few slots"
		switch p.Algorithm {
		case "redis-cluster":
			reason = "it has no slots"
		case "partitions":
			reason = "it has no partitions"
		}
		return p.idle(nil, reason, func(i int) bool { return slots[i] > 0 })
	case interface{ All() iter.Seq[int] }:
		ranked := make([]bool, len(p.Nodes))
		for i := range r.All() {
			ranked[i] = true
		}
		return p.idle(nil, "another node has the same address", func(i int) bool { return ranked[i] })
	}
	return nil
}

// idle adds a warning about the nodes that own no keys although they are not
// drained.
func (p *Placement) idle(warnings []string, reason string, owns func(i int) bool) []string {
	first, count := "", 0
	for i, n := range p.Nodes {
		if n.Capacity() == 0 || owns(i) {
			continue
		}
		if count++; count == 1 {
			first = n.ID()
		}
	}
	switch count {
	case 0:
		return warnings
	case 1:
		return append(warnings, fmt.Sprintf("node %q owns no keys: %s", first, reason))
	default:
		return append(warnings, fmt.Sprintf("%d nodes, %q among them, own no keys: %s", count, first, reason))
	}
}

// few adds a warning about nodes with few points.
func (p *Placement) few(warnings []string, points []int) []string {
	least, count := -1, 0
	for i, n := range points {
		if n == 0 || n >= FewPoints {
			continue
		}
		if count++; least < 0 || n < points[least] {
			least = i
		}
	}
	if count == 0 || Eligible(p.Nodes) == 1 {
		return warnings
	}
	id, has := p.Nodes[least].ID(), points[least]
	if count == 1 {
		return append(warnings, fmt.Sprintf("node %q has fewer than %d points, only %d, so its share is uneven", id, FewPoints, has))
	}
	return append(warnings, fmt.Sprintf("%d of %d nodes have fewer than %d points, %q only %d, so their shares are uneven",
		count, Eligible(p.Nodes), FewPoints, id, has))
}
