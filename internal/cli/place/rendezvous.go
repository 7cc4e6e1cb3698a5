package place

import (
	"cmp"
	"slices"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring/slots"
)

// newSet builds the set for rendezvous, table and partitions. The function cuts keys.
func newSet(o *Flags, nodes []mapper.Node, cut func(string) string) (*rendezvous.Set[int], error) {
	return rendezvous.New(indexes(nodes), rendezvous.Config[int]{
		ID:      func(i int) string { return nodes[i].ID() },
		Weight:  func(i int) float64 { return nodes[i].Capacity() },
		Hash:    o.Method.Func(o.environment.Options),
		HashAll: o.Method.FuncAll(o.environment.Options),
		Key:     cut,
	})
}

func buildRendezvous(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return newSet(o, nodes, o.cut())
}

// buildTable builds a table with the slots of --table-bits. Their number must not
// depend on the nodes: changing it moves most keys.
func buildTable(o *Flags, nodes []mapper.Node) (Ranking, error) {
	set, err := newSet(o, nodes, o.cut())
	if err != nil {
		return nil, err
	}
	return set.Table(o.tableBits.value)
}

// buildPartitions assigns the partitions of --partitions within --bound.
func buildPartitions(o *Flags, nodes []mapper.Node) (Ranking, error) {
	set, err := newSet(o, nodes, nil) // its keys are numbers of partitions
	if err != nil {
		return nil, err
	}
	return slots.NewPartitions(set, slots.PartitionsConfig[int]{
		ID:         func(i int) string { return nodes[i].ID() },
		Partitions: o.partitions.value,
		Bound:      o.bound.value,
		Hash:       o.Method.Func(o.environment.Options),
		HashAll:    o.Method.FuncAll(o.environment.Options),
		Key:        o.cut(),
	})
}

// buildPython agrees with the Python original, which hashes addresses. Nodes with
// one address are one server to it; the one with the smallest ID stands for them.
func buildPython(o *Flags, nodes []mapper.Node) (Ranking, error) {
	return rendezvous.New(firstAtAddress(nodes), rendezvous.Config[int]{
		ID:     func(i int) string { return nodes[i].Address() },
		Weight: func(i int) float64 { return nodes[i].Capacity() },
		Scorer: rendezvous.PythonProxenos(rendezvous.PythonOptions{
			Method:  o.Method.String(),
			Options: o.environment.Options,
		}),
		Key: o.cut(),
	})
}

// firstAtAddress returns the indexes of the nodes with the smallest ID at their
// address.
func firstAtAddress(nodes []mapper.Node) []int {
	byID := indexes(nodes)
	slices.SortFunc(byID, func(i, j int) int { return cmp.Compare(nodes[i].ID(), nodes[j].ID()) })
	seen := map[string]bool{}
	return slices.DeleteFunc(byID, func(i int) bool {
		address := nodes[i].Address()
		taken := seen[address]
		seen[address] = true
		return taken
	})
}
