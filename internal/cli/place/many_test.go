package place

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

func manyNodes(n int) (nodes []mapper.Node) {
	for i := range n {
		nodes = append(nodes, mapper.Node{Name: fmt.Sprintf("node-%d", i), Addr: fmt.Sprintf("10.0.0.%d:80", i)})
	}
	return nodes
}

func manyKeys() (keys []string) {
	for i := range 1500 {
		keys = append(keys, fmt.Sprintf("{user:%d}:<%d>", i%700, i))
	}
	return append(keys, "", "{}", "k")
}

// settled returns the flags with these settings.
func settled(t *testing.T, s Settings) *Flags {
	t.Helper()
	var o Flags
	require.NoError(t, o.Apply(s, &term.Streams{Getenv: func(string) string { return "" }}))
	return &o
}

// TestManyKeysHaveTheOwnersOfSingleKeys holds for every algorithm, and without nodes.
func TestManyKeysHaveTheOwnersOfSingleKeys(t *testing.T) {
	keys := manyKeys()
	for _, a := range Algorithms {
		if a.NeedsFile() {
			continue
		}
		for _, n := range []int{0, 1, 7} {
			p, err := settled(t, Settings{Algorithm: a.Name}).Build(manyNodes(n))
			if n == 0 && err != nil {
				continue // the program refuses that
			}
			require.NoError(t, err, a.Name)
			owners := SelectAll(nil, p, keys)
			require.Len(t, owners, len(keys))
			for i, key := range keys {
				want, ok := p.Select(key)
				if !ok {
					want = -1
				}
				require.Equal(t, want, owners[i], "%s of %d nodes, key %q", a.Name, n, key)
			}
			_, ranks := p.Ranking.(interface {
				SelectNAll(dst []int, keys []string, n int) []int
			})
			three, ok := SelectNAll(nil, p, keys, 3)
			require.Equal(t, ranks, ok, a.Name)
			if !ok {
				continue
			}
			var want []int
			for _, key := range keys {
				want = p.SelectN(want, key, 3)
			}
			assert.Equal(t, want, three, a.Name)
		}
	}
}

// TestPlacementsLookUpManyKeys: a placement does not hide what its ranking can do.
func TestPlacementsLookUpManyKeys(t *testing.T) {
	for _, name := range []string{"rendezvous", "table", "ring", "partitions", "ketama"} {
		p := built(t, Settings{Algorithm: name})
		m, ok := manyOf(p)
		require.True(t, ok, name)
		assert.Same(t, p.Ranking, m, name)
		_, ok = SelectNAll(nil, p, manyKeys(), 2)
		assert.True(t, ok, name)
	}
}

// TestSlotsWithoutOwner: keys of slots that no node has are told from those of the
// first node.
func TestSlotsWithoutOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slots.txt")
	require.NoError(t, os.WriteFile(path, []byte("0-8000 node-0\n9000-10000 node-1\n"), 0o600))
	o := settled(t, Settings{Algorithm: "redis-cluster", Slots: path})
	p, err := o.Build(manyNodes(2))
	require.NoError(t, err)
	owners := SelectAll(nil, p, manyKeys())
	assert.Contains(t, owners, 0)
	assert.Contains(t, owners, -1)
}

// TestPairsHaveTheOwnersOfTheirSides: whether both sides share a hash or not.
func TestPairsHaveTheOwnersOfTheirSides(t *testing.T) {
	keys := manyKeys()[:100]
	sides := []Settings{
		{}, {Algorithm: "table"}, {Algorithm: "ring"}, {Algorithm: "partitions"}, {Algorithm: "jump"},
		{Algorithm: "python-proxenos"}, {Algorithm: "ketama"}, {Algorithm: "go-redis"},
		{Hash: "md5"}, {Algorithm: "ring", Hash: "mmh3_32"}, {HashTag: "{}"}, {HashTag: "<>"}, {HashTag: "none"},
	}
	var befores, afters []*Placement
	for _, s := range sides {
		before, err := settled(t, s).Build(manyNodes(5))
		require.NoError(t, err)
		after, err := settled(t, s).Build(manyNodes(6))
		require.NoError(t, err)
		befores, afters = append(befores, before), append(afters, after)
	}
	for i, b := range sides {
		for j, a := range sides {
			before, after := befores[i], afters[j]
			from, to := NewPair(before, after).Select(keys)
			require.Equal(t, SelectAll(nil, before, keys), from, "from %+v to %+v", b, a)
			require.Equal(t, SelectAll(nil, after, keys), to, "from %+v to %+v", b, a)
		}
	}
	same := NewPair(built(t, Settings{}), built(t, Settings{Algorithm: "ring", HashTag: "none"}))
	assert.NotNil(t, same.older, "both sides have one hash of whole keys")
	other := NewPair(built(t, Settings{}), built(t, Settings{HashTag: "<>"}))
	assert.Nil(t, other.older)
}

func built(t *testing.T, s Settings) *Placement {
	t.Helper()
	p, err := settled(t, s).Build(manyNodes(3))
	require.NoError(t, err)
	return p
}
