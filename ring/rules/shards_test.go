package rules_test

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/rules"
)

// fleet returns nodes named z0-n0, z1-n1 and so on, by turns in each zone.
func fleet(nodes, zones int) (ids []string) {
	for i := range nodes {
		ids = append(ids, fmt.Sprintf("z%d-n%d", i%zones, i))
	}
	return ids
}

func zoneOf(id string) string { zone, _, _ := strings.Cut(id, "-"); return zone }
func self(id string) string   { return id }

func newShards(t testing.TB, ids ...string) *rules.Shards[string] {
	t.Helper()
	set, err := rendezvous.Of(ids...)
	require.NoError(t, err)
	s, err := rules.NewShards(set, rules.ShardsConfig[string]{ID: self, Zone: zoneOf})
	require.NoError(t, err)
	return s
}

func shard(t testing.TB, s *rules.Shards[string], tenant string, n int) []string {
	t.Helper()
	nodes, err := s.Shard(nil, tenant, n)
	require.NoError(t, err)
	require.Len(t, nodes, n)
	return nodes
}

func tenants(n int) (names []string) {
	for i := range n {
		names = append(names, "tenant-"+strconv.Itoa(i))
	}
	return names
}

// without returns the elements of a that are not in b.
func without(a, b []string) (rest []string) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			rest = append(rest, x)
		}
	}
	return rest
}

// zoned is a node of a vector with its index in the header.
type zoned struct {
	id     string
	weight float64
	index  int
}

func (z zoned) ID() string      { return z.id }
func (z zoned) Weight() float64 { return z.weight }
func (z zoned) Zone() string    { return zoneOf(z.id) }

// TestShardsArePinned compares shards and the nodes of a key in them with those of an
// implementation in another language. If it fails, tenants have moved.
func TestShardsArePinned(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "shards/order-*.txt", func(t *testing.T, f *vectors.File) {
		var nodes []zoned
		for i, node := range f.Fields("node", 2) {
			weight, err := strconv.ParseFloat(node[1], 64)
			require.NoError(t, err)
			nodes = append(nodes, zoned{node[0], weight, i})
		}
		set, err := rendezvous.New(nodes, rendezvous.Config[zoned]{ID: zoned.ID, Weight: zoned.Weight})
		require.NoError(t, err)
		s, err := rules.NewShards(set, rules.ShardsConfig[zoned]{ID: zoned.ID, Zone: zoned.Zone})
		require.NoError(t, err)
		n, err := strconv.Atoi(f.Header("shard"))
		require.NoError(t, err)
		replicas, err := strconv.Atoi(f.Header("replicas"))
		require.NoError(t, err)
		for _, row := range f.Rows {
			got, err := s.Shard(nil, row.Text("key"), n)
			require.NoError(t, err)
			require.Equal(t, row.Ints("shard"), indices(got), row)
			got, err = s.SelectN(nil, row.Text("key"), n, "user:42", replicas)
			require.NoError(t, err)
			require.Equal(t, row.Ints("owners"), indices(got), row)
		}
	})
}

func indices(nodes []zoned) (all []int) {
	for _, n := range nodes {
		all = append(all, n.index)
	}
	return all
}

// TestShardsAreSpread: zones with nodes left differ by one node at most, and a larger
// shard begins with the smaller one.
func TestShardsAreSpread(t *testing.T) {
	t.Parallel()
	s := newShards(t, fleet(12, 3)...)
	for _, tenant := range tenants(50) {
		all := shard(t, s, tenant, 12)
		for n := 1; n <= 12; n++ {
			nodes := shard(t, s, tenant, n)
			require.Equal(t, all[:n], nodes)
			count := map[string]int{}
			for _, id := range nodes {
				count[zoneOf(id)]++
			}
			require.LessOrEqual(t, max(count["z0"], count["z1"], count["z2"])-min(count["z0"], count["z1"], count["z2"]), 1, nodes)
		}
	}
}

// TestJoinChangesOneNodeOfAShard covers old zones, a new zone and no zones. A leave is
// a join in reverse.
func TestJoinChangesOneNodeOfAShard(t *testing.T) {
	t.Parallel()
	for _, zones := range []int{1, 3, 5} {
		ids := fleet(17, zones)
		before := newShards(t, ids...)
		for _, joined := range []string{"z0-new", "z1-new", "fresh-new"} {
			after := newShards(t, append(slices.Clone(ids), joined)...)
			changed := 0
			for _, tenant := range tenants(300) {
				for _, n := range []int{1, 3, 4, 6, 7} {
					old, now := shard(t, before, tenant, n), shard(t, after, tenant, n)
					gone := without(old, now)
					require.LessOrEqual(t, len(gone), 1, "%s: %v became %v", joined, old, now)
					if len(gone) == 1 {
						changed++
						require.Equal(t, []string{joined}, without(now, old), "only the new node comes in")
					}
				}
			}
			require.Positive(t, changed)
		}
	}
}

// TestShardKeysStayInTheShard: the nodes of a key are those that a set of the shard's
// nodes selects, if all are in one zone.
func TestShardKeysStayInTheShard(t *testing.T) {
	t.Parallel()
	ids := fleet(20, 1)
	s := newShards(t, ids...)
	for _, tenant := range tenants(20) {
		nodes := shard(t, s, tenant, 5)
		set, err := rendezvous.Of(nodes...)
		require.NoError(t, err)
		for i := range 20 {
			key := strconv.Itoa(i)
			for replicas := 1; replicas <= 5; replicas++ {
				got, err := s.SelectN(nil, tenant, 5, key, replicas)
				require.NoError(t, err)
				require.Equal(t, set.SelectN(nil, key, replicas), got)
			}
		}
	}
}

// TestShardReplicasAreSpread: three replicas of a key in a shard over three zones are
// in three zones, and the first is the best of the shard.
func TestShardReplicasAreSpread(t *testing.T) {
	t.Parallel()
	s := newShards(t, fleet(18, 3)...)
	for i, tenant := range tenants(100) {
		nodes := shard(t, s, tenant, 6)
		set, err := rendezvous.Of(nodes...)
		require.NoError(t, err)
		best, _ := set.Select(strconv.Itoa(i))
		got, err := s.SelectN(nil, tenant, 6, strconv.Itoa(i), 3)
		require.NoError(t, err)
		require.Equal(t, best, got[0])
		require.Empty(t, without(got, nodes))
		seen := map[string]bool{}
		for _, id := range got {
			seen[zoneOf(id)] = true
		}
		require.Len(t, seen, 3)
	}
}

// TestShardsOverAnyRanking: a ring, a table and a ranking that has Rank alone.
func TestShardsOverAnyRanking(t *testing.T) {
	t.Parallel()
	ids := fleet(9, 3)
	set, err := rendezvous.Of(ids...)
	require.NoError(t, err)
	table, err := set.Table(8)
	require.NoError(t, err)
	circle, err := ring.New(ids, ring.Config[string]{ID: self})
	require.NoError(t, err)
	for name, r := range map[string]rules.Ranking[string]{"table": table, "ring": circle, "rank alone": rankOnly{set}} {
		s, err := rules.NewShards(r, rules.ShardsConfig[string]{ID: self})
		require.NoError(t, err)
		for _, tenant := range tenants(20) {
			want := slices.Collect(r.Rank(tenant))[:4]
			require.Equal(t, want, shard(t, s, tenant, 4), name)
		}
	}
}

type rankOnly struct{ set *rendezvous.Set[string] }

func (r rankOnly) Rank(key string) iter.Seq[string] { return r.set.Rank(key) }

// TestOverlapAgreesWithTheClosedForm compares the shares of two million pairs, which
// depend on the names of the tenants alone.
func TestOverlapAgreesWithTheClosedForm(t *testing.T) {
	t.Parallel()
	const count = 2000
	for _, c := range []struct {
		nodes, zones int
		sizes        []int
		chosen       []int
	}{
		{20, 1, []int{20}, []int{4}},
		{50, 1, []int{50}, []int{5}},
		{18, 3, []int{6, 6, 6}, []int{2, 2, 2}},
		{30, 3, []int{10, 10, 10}, []int{1, 1, 1}},
		{18, 3, nil, []int{4}},
		{18, 3, nil, []int{8}},
		{30, 5, nil, []int{3}},
	} {
		n := 0
		for _, k := range c.chosen {
			n += k
		}
		s := newShards(t, fleet(c.nodes, c.zones)...)
		o, err := s.Overlap(tenants(count), n)
		require.NoError(t, err)
		want, ok := s.Expected(n)
		require.True(t, ok)
		require.Len(t, want, n+1)
		if c.sizes != nil {
			form, err := rules.ExpectedOverlap(c.sizes, c.chosen)
			require.NoError(t, err)
			require.InDeltaSlice(t, form, want, 1e-12)
		}
		total, sum := 0.0, int64(0)
		for k, p := range want {
			total += p
			sum += o.Pairs[k]
			assert.InDelta(t, p, o.Share(k), 0.001+0.01*p, "%v: %d shared", c, k)
			t.Logf("%d nodes, %d zones, shards of %d: %d shared: %.5f measured, %.5f expected", c.nodes, c.zones, n, k, o.Share(k), p)
		}
		assert.InDelta(t, 1, total, 1e-9)
		assert.EqualValues(t, count*(count-1)/2, sum)
		t.Logf("poison tenant %d takes down %.5f of the others", o.WorstTenant, o.Poisoned())
	}
}

// TestExpectedNeedsAClosedForm: there is none for nodes of different weights, nor for
// zones of different sizes whose parts of a shard differ.
func TestExpectedNeedsAClosedForm(t *testing.T) {
	t.Parallel()
	uneven := newShards(t, "a-1", "a-2", "a-3", "b-1", "b-2")
	for n, want := range []bool{false, false, true, false, true, false, false} {
		_, ok := uneven.Expected(n)
		assert.Equal(t, want, ok, n)
	}
	set, err := rendezvous.New([]string{"a-1", "b-1"}, rendezvous.Config[string]{ID: self, Weight: func(id string) float64 { return float64(id[0] - 'a' + 1) }})
	require.NoError(t, err)
	s, err := rules.NewShards(set, rules.ShardsConfig[string]{ID: self, Zone: zoneOf})
	require.NoError(t, err)
	_, ok := s.Expected(2)
	assert.False(t, ok)
	_, ok = newShards(t).Expected(1)
	assert.False(t, ok)
}

func TestShardsLookBack(t *testing.T) {
	t.Parallel()
	ids := fleet(10, 1)
	old := newShards(t, ids...)
	empty := newShards(t)
	extra := 0
	now := newShards(t, append(slices.Clone(ids), "z0-a", "z0-b", "z0-c")...)
	for _, tenant := range tenants(40) {
		got, err := now.LookBack(nil, tenant, 4, slices.Values([]*rules.Shards[string]{old, empty, old}))
		require.NoError(t, err)
		current, before := shard(t, now, tenant, 4), shard(t, old, tenant, 4)
		require.Equal(t, append(slices.Clone(current), without(before, current)...), got)
		extra += len(got) - 4
	}
	require.Positive(t, extra, "no shard changed")
	_, err := now.LookBack(nil, "t", 99, slices.Values([]*rules.Shards[string]{old}))
	require.ErrorIs(t, err, rules.ErrShard)
}

func TestShardsRefuse(t *testing.T) {
	t.Parallel()
	s := newShards(t, fleet(5, 1)...)
	for _, n := range []int{-1, 0, 6} {
		_, err := s.Shard(nil, "acme", n)
		require.ErrorIs(t, err, rules.ErrShard)
		require.EqualError(t, err, fmt.Sprintf(`tenant "acme": a shard of %d of 5 nodes: the size of a shard must be from 1 to the number of nodes`, n))
		_, err = s.SelectN(nil, "acme", n, "k", 1)
		require.ErrorIs(t, err, rules.ErrShard)
		_, err = s.Overlap([]string{"acme"}, n)
		require.ErrorIs(t, err, rules.ErrShard)
	}
	for _, replicas := range []int{-1, 0, 4} {
		_, err := s.SelectN(nil, "acme", 3, "k", replicas)
		require.ErrorIs(t, err, rules.ErrReplicas)
	}
	_, err := rules.NewShards[string](nil, rules.ShardsConfig[string]{ID: self})
	require.ErrorIs(t, err, rules.ErrNoRanking)
	set, err := rendezvous.Of("a")
	require.NoError(t, err)
	_, err = rules.NewShards(set, rules.ShardsConfig[string]{})
	require.ErrorIs(t, err, rules.ErrNoID)
	_, err = rules.ExpectedOverlap([]int{3}, []int{4})
	require.ErrorIs(t, err, rules.ErrShard)
	_, err = rules.ExpectedOverlap([]int{3}, nil)
	require.ErrorIs(t, err, rules.ErrShard)
}

func TestShardsDoNotAllocate(t *testing.T) {
	s := newShards(t, fleet(60, 3)...)
	buf := make([]string, 0, 6)
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		if got, err := s.Shard(buf, "acme", 6); err != nil || len(got) != 6 {
			t.Fatal(got, err)
		}
		if got, err := s.SelectN(buf, "acme", 6, "user:42", 3); err != nil || len(got) != 3 {
			t.Fatal(got, err)
		}
	}))
}
