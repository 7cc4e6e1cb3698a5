package place

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRanksAreThoseOfSingleKeys: for every algorithm, whether the wanted nodes are
// among the first few or not, and for fewer nodes than these.
func TestRanksAreThoseOfSingleKeys(t *testing.T) {
	keys := manyKeys()[:100]
	for _, a := range Algorithms {
		if a.NeedsFile() {
			continue
		}
		for _, nodes := range []int{1, 3, 7} {
			p, err := settled(t, Settings{Algorithm: a.Name}).Build(manyNodes(nodes))
			require.NoError(t, err, a.Name)
			for few := range 5 {
				ranks := NewRanks(p, few)
				for _, block := range [][]string{keys[:60], keys[60:], nil} {
					ranks.Rank(block)
					for n, key := range block {
						want := slices.Collect(p.Rank(key))
						for _, wanted := range []int{1, max(1, few), few + 1, nodes} {
							require.Equal(t, want[:min(wanted, len(want))], taken(ranks, n, wanted), "%s of %d nodes, %d together, key %q", a.Name, nodes, few, key)
						}
					}
				}
			}
		}
	}
}

// taken returns up to n nodes of a key, at least one.
func taken(r *Ranks, key, n int) (nodes []int) {
	for i := range r.Of(key) {
		if nodes = append(nodes, i); len(nodes) >= n {
			break
		}
	}
	return nodes
}
