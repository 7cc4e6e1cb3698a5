package ring

import (
	"errors"
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
)

// TestEditsEqualNew applies random edits to a ring of every layout and to a list
// of nodes, and compares the ring with a new one made of the list. The order of
// the list decides in some layouts.
func TestEditsEqualNew(t *testing.T) {
	t.Parallel()
	layouts := append(allLayouts(), Hashed(1), Hashed(3), Continuum(7))
	for _, layout := range layouts {
		for seed := range shortrun.Few(uint64(5)) {
			t.Run(fmt.Sprint(layout, "/", seed), func(t *testing.T) {
				t.Parallel()
				cfg := weightedConfig
				cfg.Layout = layout
				randomEdits(t, rand.New(rand.NewPCG(seed, 3)), cfg)
			})
		}
	}
}

func TestEditsKeepTheUnit(t *testing.T) {
	t.Parallel()
	cfg := weightedConfig
	cfg.Unit = 0.3
	randomEdits(t, rand.New(rand.NewPCG(6, 3)), cfg)
}

func randomEdits(t *testing.T, rnd *rand.Rand, cfg Config[weighted]) {
	t.Helper()
	var list []weighted
	r, err := New(list, cfg)
	require.NoError(t, err)
	for step := range 40 {
		next := slices.Clone(list)
		var edited *Ring[weighted]
		switch op := rnd.IntN(5); {
		case op == 4:
			next = slices.DeleteFunc(next, func(weighted) bool { return rnd.IntN(4) == 0 })
			rnd.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
			if len(next) > 0 {
				next[0].capacity = float64(rnd.IntN(4))
			}
			next = append(next, weighted{fmt.Sprintf("10.%d.%d.9:80", rnd.IntN(200), step), 1})
			edited, err = r.Over(next)
		case op == 0 && len(list) > 0:
			gone := list[rnd.IntN(len(list))].id
			next = slices.DeleteFunc(next, func(w weighted) bool { return w.id == gone })
			edited, err = r.Without(gone)
		case op == 1 && len(list) > 0:
			at := rnd.IntN(len(list))
			next[at].capacity = float64(rnd.IntN(4))
			edited, err = r.Reweight(next[at].id, next[at].capacity)
		default:
			var added []weighted
			for range 1 + rnd.IntN(3) {
				id := fmt.Sprintf("10.%d.%d.%d:80", rnd.IntN(200), step, len(added))
				added = append(added, weighted{id, float64(rnd.IntN(4))})
			}
			next = append(next, added...)
			edited, err = r.With(added...)
		}
		want, wantErr := New(next, cfg)
		if wantErr != nil {
			require.Nil(t, edited)
			require.EqualError(t, err, wantErr.Error())
			continue // with the nodes before
		}
		require.NoError(t, err)
		list, r = next, edited
		requireSame(t, want, r)
	}
	require.NotEmpty(t, list)
}

// requireSame compares a ring with one that New built.
func requireSame(t *testing.T, want, r *Ring[weighted]) {
	t.Helper()
	require.Equal(t, want.circle, r.circle)
	require.Equal(t, want.Checksum(), r.Checksum())
	require.Equal(t, ids(want), ids(r))
	for i := range 20 {
		key := strconv.Itoa(i)
		require.Equal(t, slices.Collect(want.Rank(key)), rankWithCapacities(r, key))
	}
}

func ids(r *Ring[weighted]) (ids []string) {
	for n := range r.All() {
		ids = append(ids, n.id)
	}
	return ids
}

// rankWithCapacities returns Rank with the capacities that the ring has, which
// Reweight does not write into the nodes.
func rankWithCapacities(r *Ring[weighted], key string) (rank []weighted) {
	for n := range r.Rank(key) {
		n.capacity, _ = r.Capacity(n.id)
		rank = append(rank, n)
	}
	return rank
}

// TestMergeKeepsPointsAtOnePosition merges nodes whose points all collide.
func TestMergeKeepsPointsAtOnePosition(t *testing.T) {
	t.Parallel()
	cfg := weightedConfig
	cfg.Hash = func(string) uint64 { return 0 }
	r, err := New([]weighted{{"b", 1}, {"d", 1}}, cfg)
	require.NoError(t, err)
	got, err := r.With(weighted{"a", 1}, weighted{"c", 1}, weighted{"e", 1})
	require.NoError(t, err)
	want, err := New([]weighted{{"b", 1}, {"d", 1}, {"a", 1}, {"c", 1}, {"e", 1}}, cfg)
	require.NoError(t, err)
	requireSame(t, want, got)
}

func TestEditsRefuse(t *testing.T) {
	t.Parallel()
	r, err := New([]weighted{{"a", 1}, {"b", 1}}, weightedConfig)
	require.NoError(t, err)
	sum := r.Checksum()
	for name, c := range map[string]struct {
		edit func() (*Ring[weighted], error)
		want error
		node bool
	}{
		"duplicate":       {func() (*Ring[weighted], error) { return r.With(weighted{"a", 1}) }, ErrDuplicateID, true},
		"empty ID":        {func() (*Ring[weighted], error) { return r.With(weighted{"", 1}) }, ErrEmptyID, true},
		"capacity":        {func() (*Ring[weighted], error) { return r.With(weighted{"c", -1}) }, ErrWeight, true},
		"unknown":         {func() (*Ring[weighted], error) { return r.Without("a", "c") }, ErrUnknownID, true},
		"unknown to set":  {func() (*Ring[weighted], error) { return r.Reweight("c", 1) }, ErrUnknownID, true},
		"capacity to set": {func() (*Ring[weighted], error) { return r.Reweight("a", math.Inf(1)) }, ErrWeight, true},
		"too many points": {func() (*Ring[weighted], error) { return r.Reweight("a", 1e9) }, ErrTooManyPoints, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.edit()
			assert.Nil(t, got)
			require.ErrorIs(t, err, c.want)
			var refused *NodeError
			assert.Equal(t, c.node, errors.As(err, &refused))
		})
	}
	assert.Equal(t, sum, r.Checksum(), "r is not changed")
}

// TestOwnsIsSelectN holds Owns to its definition.
func TestOwnsIsSelectN(t *testing.T) {
	for _, layout := range allLayouts() {
		cfg := weightedConfig
		cfg.Layout = layout
		var nodes []weighted
		for i := range 24 {
			nodes = append(nodes, weighted{fmt.Sprintf("10.0.0.%d:80", i), float64(i % 4)})
		}
		r, err := New(nodes, cfg)
		require.NoError(t, err)
		for i := range 30 {
			key := strconv.Itoa(i)
			for n := -1; n < 26; n++ {
				selected := r.SelectN(nil, key, n)
				for _, node := range nodes {
					require.Equal(t, slices.Contains(selected, node), r.Owns(key, node.id, n), "%s: %s of %d", layout, node.id, n)
				}
				require.False(t, r.Owns(key, "unknown", n))
			}
		}
		alloctest.None(t, func() {
			r.Owns("key", "10.0.0.3:80", 3)
			r.Owns("key", "10.0.0.3:80", 17)
		})
	}
}

func TestNodeAndCapacity(t *testing.T) {
	t.Parallel()
	r, err := New([]weighted{{"b", 2}, {"a", 0}}, weightedConfig)
	require.NoError(t, err)
	n, ok := r.Node("a")
	assert.True(t, ok)
	assert.Equal(t, weighted{"a", 0}, n)
	_, ok = r.Node("c")
	assert.False(t, ok)
	c, ok := r.Capacity("b")
	assert.True(t, ok)
	assert.Equal(t, 2.0, c)
	c, ok = r.Capacity("a")
	assert.True(t, ok, "a drained node has a capacity")
	assert.Zero(t, c)
	_, ok = r.Capacity("c")
	assert.False(t, ok)
}

func TestNilAndZeroAreEmpty(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*Ring[weighted]{"nil": nil, "zero": new(Ring[weighted])} {
		t.Run(name, func(t *testing.T) {
			_, ok := r.Select("key")
			assert.False(t, ok)
			assert.Empty(t, r.SelectN(nil, "key", 2))
			assert.False(t, r.Owns("key", "a", 1))
			assert.Empty(t, slices.Collect(r.Rank("key")))
			assert.Empty(t, slices.Collect(r.All()))
			assert.Zero(t, r.Len())
			assert.Zero(t, r.Checksum())
			_, ok = r.Node("a")
			assert.False(t, ok)
			_, ok = r.Capacity("a")
			assert.False(t, ok)
			for range r.Shares() {
				assert.Fail(t, "a share")
			}
			for range r.Points() {
				assert.Fail(t, "a point")
			}
			_, err := r.With(weighted{"a", 1})
			require.ErrorIs(t, err, ErrNoID)
			_, err = r.Without("a")
			require.ErrorIs(t, err, ErrUnknownID)
			_, err = r.Reweight("a", 1)
			require.ErrorIs(t, err, ErrUnknownID)
			rest, err := r.Without()
			require.NoError(t, err)
			assert.Zero(t, rest.Len())
			b, err := NewBalancer(r, balancerConfig(1))
			require.NoError(t, err)
			_, ok = b.Acquire("key")
			assert.False(t, ok)
		})
	}
	var b Builder[weighted]
	require.ErrorIs(t, b.Add(weighted{"a", 1}), ErrNoID)
	require.ErrorIs(t, b.Remove("a"), ErrUnknownID)
	assert.Zero(t, b.Len())
	_, err := b.Build()
	require.ErrorIs(t, err, ErrNoID)
	_, ok := new(Balancer[weighted]).Acquire("key")
	assert.False(t, ok)
	assert.Empty(t, new(Balancer[weighted]).Loads())
}

func TestSelectNAllocatesOnce(t *testing.T) {
	var nodes []weighted
	for i := range 100 {
		nodes = append(nodes, weighted{strconv.Itoa(i), 1})
	}
	r, err := New(nodes, weightedConfig)
	require.NoError(t, err)
	for _, n := range []int{1, 2, 16, 17, 50, 500} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			alloctest.AtMost(t, 1, func() { r.SelectN(nil, "key", n) })
		})
	}
}

// TestFollowingBuildsEqualNew calls the function for Follow with one list after
// another, valid or not.
func TestFollowingBuildsEqualNew(t *testing.T) {
	t.Parallel()
	for _, layout := range []Layout{nil, Hashed(7), Ketama(KetamaWeighted)} {
		cfg := Config[named]{Layout: layout}
		build := BuildWith(cfg)
		cfg.ID, cfg.Capacity = named.ID, named.Capacity
		for _, list := range [][]named{
			{}, {{"b:1", 1}}, {{"a:1", 2}, {"b:1", 1}}, {{"a:1", 2}, {"a:1", 1}}, {{"c:1", 1}, {"b:1", 3}}, {}, {{"d:1", 0}},
			{{"d:1", 1}, {"", 1}}, {{"e:1", 1}, {"d:1", 1}},
		} {
			want, wantErr := New(list, cfg)
			r, err := build(list)
			require.Equal(t, wantErr, err)
			if err == nil {
				require.Equal(t, want.circle, r.circle)
				require.Equal(t, want.Checksum(), r.Checksum())
			}
		}
	}
	_, err := new(Ring[named]).Over(nil)
	require.ErrorIs(t, err, ErrNoID)
}

// TestEditsOfAGreatRing has so many points that an edit crosses the bounds of the
// index and of owners within words, and so many changes that a new build is faster.
func TestEditsOfAGreatRing(t *testing.T) {
	t.Parallel()
	cfg := weightedConfig
	cfg.Layout = Hashed(1)
	var list []weighted
	for i := range ownerMask - 2 {
		list = append(list, weighted{fmt.Sprint("node ", i), 1})
	}
	r, err := New(list, cfg)
	require.NoError(t, err)
	crossed := map[bool]bool{}
	for step := range 8 {
		added := weighted{fmt.Sprint("node ", step, "-"), float64(1 + step%3)}
		list = append(list, added)
		r, err = r.With(added)
		require.NoError(t, err)
		want, err := New(list, cfg)
		require.NoError(t, err)
		require.Equal(t, want.circle, r.circle)
		crossed[r.circle.wide != nil] = true
	}
	assert.Len(t, crossed, 2)
	for _, n := range []int{40000, 20, 19, 3} {
		list = list[:n]
		r, err = r.Over(list)
		require.NoError(t, err)
		want, err := New(list, cfg)
		require.NoError(t, err)
		require.Equal(t, want.circle, r.circle)
	}
}
