package place

import (
	"cmp"
	"slices"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// newSet makes the set that rendezvous and table are.
func newSet(o *Flags, nodes []mapper.Node) (*rendezvous.Set[int], error) {
	return rendezvous.New(places(nodes), rendezvous.Config[int]{
		ID:     func(i int) string { return nodes[i].ID() },
		Weight: func(i int) float64 { return nodes[i].Capacity() },
		Hash:   o.Method.Func(o.environment.Options),
	})
}

func buildRendezvous(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return newSet(o, nodes)
}

// buildTable makes a table of as many slots as were asked for. The number never
// follows from the nodes: where it changes, most keys move.
func buildTable(o *Flags, nodes []mapper.Node) (Ranking, error) {
	set, err := newSet(o, nodes)
	if err != nil {
		return nil, err
	}
	return set.Table(o.tableBits.value)
}

// buildPython chooses as the Python original does: by address, and of several
// nodes at one address the first by ID, as they are one server to it.
func buildPython(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return rendezvous.New(firstAtAddress(nodes), rendezvous.Config[int]{
		ID:     func(i int) string { return nodes[i].Address() },
		Weight: func(i int) float64 { return nodes[i].Capacity() },
		Scorer: rendezvous.PythonProxenos(rendezvous.PythonOptions{
			Method:  o.Method.String(),
			Options: o.environment.Options,
		}),
	})
}

// firstAtAddress returns the places of the nodes, less those whose address a
// node with a smaller ID has.
func firstAtAddress(nodes []mapper.Node) []int {
	byID := places(nodes)
	slices.SortFunc(byID, func(i, j int) int { return cmp.Compare(nodes[i].ID(), nodes[j].ID()) })
	seen := map[string]bool{}
	return slices.DeleteFunc(byID, func(i int) bool {
		address := nodes[i].Address()
		taken := seen[address]
		seen[address] = true
		return taken
	})
}
