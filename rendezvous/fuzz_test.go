package rendezvous

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// FuzzInvariants builds a set of arbitrary nodes and checks that nothing panics,
// that no node is selected twice, that SelectN is a prefix of Rank, that drained
// nodes own nothing, and that removing a node moves only the keys it owned.
func FuzzInvariants(f *testing.F) {
	f.Add("a b c", 1.0, 2.0, "key", 3)
	f.Add("server1 server2", 0.0, 1e-300, "", 1)
	f.Add("", 1.0, 1.0, "\xff", 0)
	f.Add("a a", math.NaN(), math.Inf(1), "touché", -1)
	f.Fuzz(func(t *testing.T, ids string, even, odd float64, key string, n int) {
		var nodes []server
		for i, id := range strings.Fields(ids) {
			nodes = append(nodes, server{id, []float64{even, odd}[i%2]})
		}
		s, err := New(nodes, byCapacity)
		if err != nil {
			return
		}
		ranks := slices.Collect(s.Rank(key))
		seen := map[string]bool{}
		for _, node := range ranks {
			if seen[node.name] || node.capacity == 0 {
				t.Fatalf("%q: rank %v has a drained node, or one twice", key, names(ranks))
			}
			seen[node.name] = true
		}
		want := ranks[:max(0, min(n, len(ranks)))]
		if got := s.SelectN(nil, key, n); !slices.Equal(got, want) {
			t.Fatalf("SelectN(%q, %d) = %v, not the prefix of %v", key, n, names(got), names(ranks))
		}
		if len(ranks) < 2 {
			return
		}
		gone := slices.DeleteFunc(slices.Clone(nodes), func(x server) bool { return x.name == ranks[0].name })
		rest, err := New(gone, byCapacity)
		if err != nil {
			t.Fatalf("a subset was refused: %v", err)
		}
		if owner, _ := rest.Select(key); owner != ranks[1] {
			t.Fatalf("%q moved to %q, not to the second best %q", key, owner.name, ranks[1].name)
		}
	})
}
