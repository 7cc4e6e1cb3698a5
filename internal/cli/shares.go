package cli

import (
	"iter"

	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// slotted is a scheme whose keys come in slots.
type slotted interface {
	Slots() int
	Owner(slot int) (int, bool)
}

var _ slotted = (*rendezvous.Table[int])(nil)

// shares returns the fraction of all keys that the scheme gives each node,
// without looking at a key: the arcs of a ring, the slots of a table and
// otherwise what the weights say, for the nodes that the scheme has.
func (p *placement) shares() []float64 {
	switch s := p.scheme.(type) {
	case circle:
		shares := make([]float64, len(p.nodes))
		for i, share := range s.Shares() {
			shares[i] = share
		}
		return shares
	case slotted:
		shares := make([]float64, len(p.nodes))
		for slot := range s.Slots() {
			if i, ok := s.Owner(slot); ok {
				shares[i] += 1 / float64(s.Slots())
			}
		}
		return shares
	default:
		return p.fair()
	}
}

// fair returns the fraction of all keys that the weight of each node asks for.
// A node that the scheme takes for another one, as it has the same address,
// may ask for nothing.
func (p *placement) fair() []float64 {
	weights := make([]float64, len(p.nodes))
	if all, ok := p.scheme.(interface{ All() iter.Seq[int] }); ok {
		for i := range all.All() {
			weights[i] = p.nodes[i].Capacity()
		}
	}
	return compare.Fair(weights)
}

// members returns the nodes as a side of a change.
func (p *placement) members() []compare.Member {
	shares := p.shares()
	members := make([]compare.Member, len(p.nodes))
	for i, n := range p.nodes {
		members[i] = compare.Member{ID: n.ID(), Weight: n.Capacity(), Share: shares[i]}
	}
	return members
}

// zonesOf numbers the zones of the nodes. Nodes without a zone share one that
// has no name.
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
