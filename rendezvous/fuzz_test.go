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

// FuzzEdits edits a set and a table as the bytes say and compares them with new ones.
// The low five bits of a byte name a node, the others say what happens to it.
func FuzzEdits(f *testing.F) {
	f.Add([]byte("\x01\x02\x03\x81\x04\x04\x84"))
	f.Add([]byte("\x30\x20\x30\xb0\xa0\x90\xff"))
	f.Fuzz(func(t *testing.T, edits []byte) {
		var list []server
		table, err := newSet(t, list, byCapacity).Table(7)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range edits[:min(len(edits), 60)] {
			id, capacity := string('a'+rune(b&0x1f)), float64(b>>5&3)
			at := slices.IndexFunc(list, func(n server) bool { return n.name == id })
			list = slices.Clone(list)
			switch {
			case at < 0:
				list = append(list, server{id, capacity})
				table, err = table.With(list[len(list)-1])
			case b&0x80 == 0 && list[at].capacity != capacity:
				list[at].capacity = capacity
				table, err = table.Reweight(id, capacity)
			case b&0x40 == 0:
				list = slices.Delete(list, at, at+1)
				table, err = table.Without(id)
			default:
				list[at].capacity = 3 - list[at].capacity
				slices.Reverse(list)
				table, err = table.Over(list)
			}
			if err != nil {
				t.Fatal(err)
			}
			requireSame(t, newSet(t, list, byCapacity), table.set, table)
		}
	})
}
