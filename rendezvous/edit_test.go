package rendezvous

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/internal/testkit/shortrun"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// TestEditsEqualNew applies random edits to a set, a table and a list of nodes,
// and compares the first two with new ones made of the list.
func TestEditsEqualNew(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config[server]{
		"formula":    byCapacity,
		"short hash": {ID: server.Name, Weight: server.Capacity, Hash: func(s string) uint64 { return uint64(len(s)) }},
		"scorer":     {ID: server.Name, Weight: server.Capacity, Scorer: lettersOf},
	} {
		for seed := range shortrun.Few(uint64(8)) {
			t.Run(fmt.Sprint(name, "/", seed), func(t *testing.T) {
				t.Parallel()
				randomEdits(t, rand.New(rand.NewPCG(seed, 7)), cfg)
			})
		}
	}
}

func randomEdits(t *testing.T, rng *rand.Rand, cfg Config[server]) {
	t.Helper()
	weights := []float64{1, 1, 1, 0, 3, 0.25}
	if rng.IntN(2) == 0 {
		weights = []float64{1, 1, 0} // sets of equal weights, mostly
	}
	var list []server
	set := newSet(t, list, cfg)
	table, err := set.Table(7)
	require.NoError(t, err)
	for step := range 60 {
		var tableErr error
		switch op := rng.IntN(5); {
		case op == 4:
			list = slices.DeleteFunc(slices.Clone(list), func(server) bool { return rng.IntN(4) == 0 })
			rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			if len(list) > 0 {
				list[0].capacity = weights[rng.IntN(len(weights))]
			}
			list = append(list, server{fmt.Sprintf("%c%d-", 'a'+rng.IntN(26), step), 1})
			set, err = set.Over(list)
			table, tableErr = table.Over(list)
		case op == 0 && len(list) > 0:
			gone := list[rng.IntN(len(list))].name
			list = slices.DeleteFunc(slices.Clone(list), func(s server) bool { return s.name == gone })
			set, err = set.Without(gone)
			table, tableErr = table.Without(gone)
		case op == 1 && len(list) > 0:
			at, w := rng.IntN(len(list)), weights[rng.IntN(len(weights))]
			list = slices.Clone(list)
			list[at].capacity = w
			set, err = set.Reweight(list[at].name, w)
			table, tableErr = table.Reweight(list[at].name, w)
		default:
			var added []server
			for i := range 1 + rng.IntN(3) {
				added = append(added, server{fmt.Sprintf("%c%d-%d", 'a'+rng.IntN(26), step, i), weights[rng.IntN(len(weights))]})
			}
			list = append(list, added...)
			set, err = set.With(added...)
			table, tableErr = table.With(added...)
		}
		require.NoError(t, err)
		require.NoError(t, tableErr)
		requireSame(t, newSet(t, list, cfg), set, table)
	}
}

// requireSame compares a set and a table with a set that New built.
func requireSame(t *testing.T, want, set *Set[server], table *Table[server]) {
	t.Helper()
	require.Equal(t, want.Checksum(), set.Checksum())
	require.Equal(t, names(slices.Collect(want.All())), names(slices.Collect(set.All())))
	require.Equal(t, want.seeds, set.seeds)
	require.Equal(t, want.weights, set.weights)
	wantTable, err := want.Table(7)
	require.NoError(t, err)
	require.Equal(t, wantTable.Checksum(), table.Checksum())
	require.Equal(t, wantTable.owners, table.owners)
	for i := range 20 {
		key := strconv.Itoa(i)
		require.Equal(t, names(want.SelectN(nil, key, 50)), names(set.SelectN(nil, key, 50)))
	}
	for n := range want.All() {
		w, ok := set.Weight(n.name)
		require.True(t, ok)
		require.Equal(t, n.capacity, w)
	}
}

func TestEditsLeaveTheReceiver(t *testing.T) {
	t.Parallel()
	set := newSet(t, named("a", "b"), byCapacity)
	table, err := set.Table(5)
	require.NoError(t, err)
	before, owners := set.Checksum(), slices.Clone(table.owners)
	for _, edit := range []func() (*Table[server], error){
		func() (*Table[server], error) { return table.With(server{"c", 1}) },
		func() (*Table[server], error) { return table.Without("a") },
		func() (*Table[server], error) { return table.Reweight("a", 9) },
	} {
		edited, err := edit()
		require.NoError(t, err)
		assert.NotEqual(t, table.Checksum(), edited.Checksum())
	}
	assert.Equal(t, before, set.Checksum())
	assert.Equal(t, before, newSet(t, named("a", "b"), byCapacity).Checksum())
	assert.Equal(t, owners, table.owners)
}

func TestEditsRefuse(t *testing.T) {
	t.Parallel()
	set := newSet(t, named("a", "b"), byCapacity)
	table, err := set.Table(5)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		set   func() (*Set[server], error)
		table func() (*Table[server], error)
		want  error
	}{
		"duplicate": {
			func() (*Set[server], error) { return set.With(server{"a", 1}) },
			func() (*Table[server], error) { return table.With(server{"a", 1}) }, ErrDuplicateID,
		},
		"empty ID": {
			func() (*Set[server], error) { return set.With(server{"", 1}) },
			func() (*Table[server], error) { return table.With(server{"", 1}) }, ErrEmptyID,
		},
		"added weight": {
			func() (*Set[server], error) { return set.With(server{"c", -1}) },
			func() (*Table[server], error) { return table.With(server{"c", -1}) }, ErrWeight,
		},
		"deleted twice": {
			func() (*Set[server], error) { return set.Without("a", "c") },
			func() (*Table[server], error) { return table.Without("a", "c") }, ErrUnknownID,
		},
		"unknown": {
			func() (*Set[server], error) { return set.Reweight("c", 1) },
			func() (*Table[server], error) { return table.Reweight("c", 1) }, ErrUnknownID,
		},
		"weight": {
			func() (*Set[server], error) { return set.Reweight("a", math.NaN()) },
			func() (*Table[server], error) { return table.Reweight("a", math.NaN()) }, ErrWeight,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.set()
			assert.Nil(t, got)
			require.ErrorIs(t, err, c.want)
			var refused *NodeError
			require.ErrorAs(t, err, &refused)
			gotTable, err := c.table()
			assert.Nil(t, gotTable)
			require.ErrorIs(t, err, c.want)
		})
	}
}

// TestOwnsIsSelectN holds Owns to its definition.
func TestOwnsIsSelectN(t *testing.T) {
	for name, cfg := range map[string]Config[server]{
		"equal":    {ID: server.Name},
		"weighted": byCapacity,
		"scorer":   {ID: server.Name, Weight: server.Capacity, Scorer: lettersOf},
	} {
		set := newSet(t, mixedWeights(12), cfg)
		table, err := set.Table(6)
		require.NoError(t, err)
		for i := range 60 {
			key := "user:" + strconv.Itoa(i)
			for n := -1; n < 14; n++ {
				of, ofTable := names(set.SelectN(nil, key, n)), names(table.SelectN(nil, key, n))
				for node := range set.All() {
					require.Equal(t, slices.Contains(of, node.name), set.Owns(key, node.name, n), "%s: %s of %d", name, node.name, n)
					require.Equal(t, slices.Contains(ofTable, node.name), table.Owns(key, node.name, n), "%s: %s of %d", name, node.name, n)
				}
				require.False(t, set.Owns(key, "unknown", n))
				require.False(t, table.Owns(key, "unknown", n))
			}
		}
		alloctest.None(t, func() { set.Owns("key", "server3", 3) })
		alloctest.None(t, func() { table.Owns("key", "server3", 3) })
	}
}

func TestNodeAndWeight(t *testing.T) {
	t.Parallel()
	set := newSet(t, []server{{"b", 2}, {"a", 0}}, byCapacity)
	table, err := set.Table(4)
	require.NoError(t, err)
	for _, node := range []func(string) (server, bool){set.Node, table.Node} {
		n, ok := node("a")
		assert.True(t, ok)
		assert.Equal(t, server{"a", 0}, n)
		_, ok = node("c")
		assert.False(t, ok)
	}
	for _, weight := range []func(string) (float64, bool){set.Weight, table.Weight} {
		w, ok := weight("b")
		assert.True(t, ok)
		assert.Equal(t, 2.0, w)
		w, ok = weight("a")
		assert.True(t, ok, "a drained node has a weight")
		assert.Zero(t, w)
		_, ok = weight("c")
		assert.False(t, ok)
	}
}

// selector has every verb of Set and Table that neither edits nor builds.
type selector interface {
	Select(key string) (server, bool)
	SelectN(dst []server, key string, n int) []server
	Owns(key, id string, n int) bool
	Node(id string) (server, bool)
	Weight(id string) (float64, bool)
	Len() int
	Checksum() uint64
}

func TestNilAndZeroAreEmpty(t *testing.T) {
	t.Parallel()
	ofNil, err := (*Set[server])(nil).Table(4)
	require.NoError(t, err)
	ofZero, err := new(Set[server]).Table(4)
	require.NoError(t, err)
	for name, s := range map[string]selector{
		"nil set": (*Set[server])(nil), "zero set": new(Set[server]),
		"nil table": (*Table[server])(nil), "zero table": new(Table[server]),
		"table of a nil set": ofNil, "table of a zero set": ofZero,
	} {
		_, ok := s.Select("key")
		assert.False(t, ok, name)
		for n := range 4 {
			assert.Empty(t, s.SelectN(nil, "key", n), name)
			assert.False(t, s.Owns("key", "a", n), name)
		}
		_, ok = s.Node("a")
		assert.False(t, ok, name)
		_, ok = s.Weight("a")
		assert.False(t, ok, name)
		assert.Zero(t, s.Len(), name)
	}
	for _, s := range []*Set[server]{nil, new(Set[server])} {
		assert.Zero(t, s.Checksum())
		assert.Empty(t, slices.Collect(s.All()))
		assert.Empty(t, slices.Collect(s.Rank("key")))
		for range s.Scores("key") {
			assert.Fail(t, "a score")
		}
		_, err := s.With(server{"a", 1})
		require.ErrorIs(t, err, ErrNoID)
		_, err = s.Without("a")
		require.ErrorIs(t, err, ErrUnknownID)
		_, err = s.Reweight("a", 1)
		require.ErrorIs(t, err, ErrUnknownID)
		rest, err := s.Without()
		require.NoError(t, err)
		assert.Zero(t, rest.Len())
	}
	for _, table := range []*Table[server]{nil, new(Table[server]), ofNil, ofZero} {
		assert.GreaterOrEqual(t, table.Slot("key"), 0)
		_, ok := table.Owner(0)
		assert.False(t, ok)
		assert.Empty(t, slices.Collect(table.All()))
		assert.Empty(t, slices.Collect(table.Rank("key")))
		for range table.Scores("key") {
			assert.Fail(t, "a score")
		}
		_, err := table.With(server{"a", 1})
		require.ErrorIs(t, err, ErrNoID)
		_, err = table.Without("a")
		require.ErrorIs(t, err, ErrUnknownID)
		_, err = table.Reweight("a", 1)
		require.ErrorIs(t, err, ErrUnknownID)
		rest, err := table.Without()
		require.NoError(t, err)
		assert.Equal(t, table.Slots(), rest.Slots())
	}
	assert.Zero(t, (*Table[server])(nil).Slots())
	assert.Zero(t, new(Table[server]).Slots())
	assert.Zero(t, (*Table[server])(nil).Checksum())
	assert.Equal(t, 16, ofNil.Slots())
}

func TestSelectNAllocatesOnce(t *testing.T) {
	for name, cfg := range map[string]Config[server]{
		"equal": {ID: server.Name}, "weighted": byCapacity, "scorer": {ID: server.Name, Scorer: lettersOf},
	} {
		set := newSet(t, mixedWeights(120), cfg)
		table, err := set.Table(8)
		require.NoError(t, err)
		for _, n := range []int{1, 2, 3, 8, 9, 50, 500} {
			t.Run(fmt.Sprint(name, "/", n), func(t *testing.T) {
				alloctest.AtMost(t, 1, func() { set.SelectN(nil, "key", n) })
				alloctest.AtMost(t, 1, func() { table.SelectN(nil, "key", n) })
			})
		}
	}
}

func (s server) ID() string { return s.name }

// TestFollowingBuildsEqualNew calls the functions for Follow with one list after
// another, valid or not.
func TestFollowingBuildsEqualNew(t *testing.T) {
	t.Parallel()
	hash := prf.MMH64.Func(prf.Options{})
	build, buildTable := BuildWith(Config[server]{Hash: hash}), BuildTable(Config[server]{Hash: hash}, 7)
	for _, list := range [][]server{
		{}, {{"b", 1}}, {{"a", 2}, {"b", 1}}, {{"a", 2}, {"a", 1}}, {{"c", 1}, {"b", 3}}, {}, {{"d", 0}}, {{"d", 1}, {"", 1}}, {{"e", 1}, {"d", 1}},
	} {
		want, wantErr := New(list, Config[server]{ID: server.ID, Weight: server.Capacity, Hash: hash})
		set, err := build(list)
		table, tableErr := buildTable(list)
		require.Equal(t, wantErr, err)
		require.Equal(t, wantErr, tableErr)
		if err == nil {
			requireSame(t, want, set, table)
		}
	}
	_, err := BuildTable(Config[server]{}, 99)(nil)
	require.ErrorIs(t, err, ErrTableBits)
	_, err = new(Set[server]).Over(nil)
	require.ErrorIs(t, err, ErrNoID)
	_, err = (*Table[server])(nil).Over(nil)
	require.ErrorIs(t, err, ErrNoID)
}
