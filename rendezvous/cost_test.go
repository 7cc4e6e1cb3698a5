package rendezvous

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEditsKeepSeeds counts the calls of the hash for IDs. The checksum hashes all of
// them; only for a new node there is another call, for its seed.
func TestEditsKeepSeeds(t *testing.T) {
	t.Parallel()
	calls := map[string]int{}
	cfg := Config[string]{
		ID:   func(id string) string { return id },
		Hash: func(s string) uint64 { calls[s]++; return nameHash(s) },
	}
	ids := []string{"node b", "node d", "node f"}
	set, err := New(ids, cfg)
	require.NoError(t, err)
	placed := calls["node b"]
	for name, edit := range map[string]func() (*Set[string], error){
		"with":     func() (*Set[string], error) { return set.With("node a", "node c", "node g") },
		"without":  func() (*Set[string], error) { return set.Without("node b") },
		"reweight": func() (*Set[string], error) { return set.Reweight("node b", 2) },
	} {
		clear(calls)
		edited, err := edit()
		require.NoError(t, err)
		for id := range edited.All() {
			want := placed - 1
			if _, kept := set.Node(id); !kept {
				want = placed
			}
			assert.Equal(t, want, calls[id], "%s: %s", name, id)
		}
	}
}

// TestGreatestTable has the greatest number of slots, of no node, and one bit more.
func TestGreatestTable(t *testing.T) {
	t.Parallel()
	set, err := Of()
	require.NoError(t, err)
	table, err := set.Table(MaxTableBits)
	require.NoError(t, err)
	assert.Equal(t, 1<<MaxTableBits, table.Slots())
	_, err = set.Table(MaxTableBits + 1)
	require.ErrorIs(t, err, ErrTableBits)
}

// TestTableWithoutScoresTheSlotsOfDeletedNodes counts the calls of the hash for the
// numbers of slots.
func TestTableWithoutScoresTheSlotsOfDeletedNodes(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls := map[string]int{}
	set, err := New([]string{"a", "b", "c", "d"}, Config[string]{
		ID: func(id string) string { return id },
		Hash: func(s string) uint64 {
			mu.Lock()
			defer mu.Unlock()
			calls[strings.Clone(s)]++ // the table reuses the memory of its keys
			return nameHash(s)
		},
	})
	require.NoError(t, err)
	table, err := set.Table(8)
	require.NoError(t, err)
	for _, deleted := range []string{"a", "b", "c", "d"} {
		clear(calls)
		_, err = set.Without(deleted) // whose checksum hashes some of the numbers
		require.NoError(t, err)
		checksum := calls
		calls = map[string]int{}
		_, err = table.Without(deleted)
		require.NoError(t, err)
		scored := 0
		for slot := range table.Slots() {
			owner, ok := table.Owner(slot)
			require.True(t, ok)
			number := strconv.Itoa(slot)
			want := checksum[number]
			if owner == deleted {
				want++
				scored++
			}
			assert.Equal(t, want, calls[number], "slot %d of %s without %s", slot, owner, deleted)
		}
		assert.Positive(t, scored)
	}
}

// TestFollowingKeepsWhatStays counts the calls of the hash in functions for Follow. A set
// hashes no node for a second seed, and a table no slot whose owner stays.
func TestFollowingKeepsWhatStays(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	ids, slots := 0, 0
	cfg := Config[server]{Hash: func(s string) uint64 {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(s, "node") {
			ids++
		} else {
			slots++
		}
		return nameHash(s)
	}}
	all := []server{{"node a", 1}, {"node b", 1}, {"node c", 1}, {"node d", 1}}
	build, buildTable := BuildWith(cfg), BuildTable(cfg, 10)
	_, err := build(all)
	require.NoError(t, err)
	first := ids
	ids = 0
	_, err = build(all)
	require.NoError(t, err)
	assert.Equal(t, len(all), first-ids, "a seed for each")

	slots = 0
	table, err := buildTable(all)
	require.NoError(t, err)
	first = slots
	kept := 0
	for slot := range table.Slots() {
		if owner, _ := table.Owner(slot); owner != all[0] {
			kept++
		}
	}
	slots = 0
	_, err = buildTable(all[1:])
	require.NoError(t, err)
	assert.Equal(t, kept, first-slots, "the slots of the nodes that stay")
}
