package figures

import (
	"iter"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// slottedRanking is a ranking that assigns slots of keys.
type slottedRanking interface {
	Slots() int
	Owner(slot int) (int, bool)
}

var _ slottedRanking = (*rendezvous.Table[int])(nil)

// nodeShares returns the fraction of all keys that each node owns, without
// looking at keys: from the arcs of a ring, from the slots of a table, and
// otherwise from the weights.
func nodeShares(p *place.Placement) []float64 {
	switch s := p.Ranking.(type) {
	case circle:
		shares := make([]float64, len(p.Nodes))
		for i, share := range s.Shares() {
			shares[i] = share
		}
		return shares
	case slottedRanking:
		shares := make([]float64, len(p.Nodes))
		for slot := range s.Slots() {
			if i, ok := s.Owner(slot); ok {
				shares[i] += 1 / float64(s.Slots())
			}
		}
		return shares
	default:
		return fairShares(p)
	}
}

// fairShares returns the fraction of all keys by the weight of each node. It is 0
// for nodes that the ranking leaves out, such as a second node at one address.
func fairShares(p *place.Placement) []float64 {
	weights := make([]float64, len(p.Nodes))
	if all, ok := p.Ranking.(interface{ All() iter.Seq[int] }); ok {
		for i := range all.All() {
			weights[i] = p.Nodes[i].Capacity()
		}
	}
	return compare.Fair(weights)
}

// sideOf returns the nodes as a side of a change.
func sideOf(p *place.Placement) []compare.Member {
	shares := nodeShares(p)
	members := make([]compare.Member, len(p.Nodes))
	for i, n := range p.Nodes {
		members[i] = compare.Member{ID: n.ID(), Weight: n.Capacity(), Share: shares[i]}
	}
	return members
}

// zonesOf numbers the zones of the nodes. Nodes without a zone form one zone with
// an empty name.
func zonesOf(nodes []mapper.Node) (zone []int, names []string) {
	numbers := map[string]int{}
	zone = make([]int, len(nodes))
	for i, n := range nodes {
		number, known := numbers[n.Zone]
		if !known {
			number = len(names)
			numbers[n.Zone] = number
			names = append(names, n.Zone)
		}
		zone[i] = number
	}
	return zone, names
}
