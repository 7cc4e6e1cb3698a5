package ring

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/shortrun"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// weighted is a node with a capacity.
type weighted struct {
	id       string
	capacity float64
}

var weightedConfig = Config[weighted]{
	ID:       func(n weighted) string { return n.id },
	Capacity: func(n weighted) float64 { return n.capacity },
}

// randomNodes returns up to 40 nodes of capacities from 0 to 3.
func randomNodes(rnd *rand.Rand) []weighted {
	nodes := make([]weighted, 1+rnd.IntN(40))
	for i := range nodes {
		nodes[i] = weighted{fmt.Sprintf("10.0.%d.%d:%d", i, rnd.IntN(256), 1024+rnd.IntN(9)), float64(rnd.IntN(7)) / 2}
	}
	return nodes
}

// requireMoves checks that every key whose owner differs between two rings moved
// to the node, if to is true, or from it.
func requireMoves(t *testing.T, before, after *Ring[weighted], node string, to bool) {
	t.Helper()
	for i := range 2000 {
		key := fmt.Sprintf("key-%d", i)
		old, hadOld := before.Select(key)
		now, hasNow := after.Select(key)
		if old == now || !hadOld || !hasNow {
			continue
		}
		if to {
			require.Equal(t, node, now.id, "key %q moved from %q", key, old.id)
		} else {
			require.Equal(t, node, old.id, "key %q moved to %q", key, now.id)
		}
	}
}

func TestNoKeyMovesBetweenOldNodes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		nodes := randomNodes(rnd)
		before, err := New(nodes, weightedConfig)
		require.NoError(t, err)

		added := weighted{"new", 1.5}
		after, err := New(append(slices.Clone(nodes), added), weightedConfig)
		require.NoError(t, err)
		requireMoves(t, before, after, added.id, true)

		i := rnd.IntN(len(nodes))
		heavier := slices.Clone(nodes)
		heavier[i].capacity += 2
		after, err = New(heavier, weightedConfig)
		require.NoError(t, err)
		for k := range 2000 {
			key := fmt.Sprintf("key-%d", k)
			old, hadOld := before.Select(key)
			if now, _ := after.Select(key); hadOld && old.id != now.id {
				require.Equal(t, nodes[i].id, now.id, "only to the node that grew")
			}
		}

		after, err = New(slices.Delete(slices.Clone(nodes), i, i+1), weightedConfig)
		require.NoError(t, err)
		requireMoves(t, before, after, nodes[i].id, false)
	}
}

func TestRemovalLeavesTheRestOfTheRank(t *testing.T) {
	t.Parallel()
	nodes := randomNodes(rand.New(rand.NewPCG(5, 5)))
	full, err := New(nodes, weightedConfig)
	require.NoError(t, err)
	gone := nodes[3]
	rest, err := New(slices.Delete(slices.Clone(nodes), 3, 4), weightedConfig)
	require.NoError(t, err)
	for i := range 500 {
		key := fmt.Sprint(i)
		want := slices.DeleteFunc(slices.Collect(full.Rank(key)), func(n weighted) bool { return n == gone })
		require.Equal(t, want, slices.Collect(rest.Rank(key)))
	}
}

func TestOrderOfInputDoesNotMatter(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a:1", 1}, {"b:1", 2}, {"c:1", 1}, {"d:1", 0}, {"e:1", 3}}
	for _, layout := range []Layout{Hashed(20), HashRing(), Nginx(), Ketama(KetamaWeighted), Ketama(KetamaDefault)} {
		t.Run(layout.String(), func(t *testing.T) {
			cfg := weightedConfig
			cfg.Layout = layout
			want, err := New(nodes, cfg)
			require.NoError(t, err)
			shuffled := slices.Clone(nodes)
			rnd := rand.New(rand.NewPCG(1, 2))
			for range sparing(1000) {
				rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				got, err := New(shuffled, cfg)
				require.NoError(t, err)
				require.Equal(t, want.Checksum(), got.Checksum())
				require.Equal(t, want.SelectN(nil, "key", 4), got.SelectN(nil, "key", 4))
			}
		})
	}
}

func TestContinuumChecksumDependsOnOrder(t *testing.T) {
	t.Parallel()
	sum := func(layout Layout, ids ...string) uint64 {
		r, err := New(ids, Config[string]{ID: self, Layout: layout})
		require.NoError(t, err)
		return r.Checksum()
	}
	three := []string{"c:1", "a:1", "b:1"} // 333 points each, so each has one that fills no group
	assert.NotEqual(t, sum(Continuum(1000), "a:1", "b:1", "c:1"), sum(Continuum(1000), three...))
	assert.Equal(t, sum(Continuum010(1000), "a:1", "b:1", "c:1"), sum(Continuum010(1000), three...), "all points fill groups")
	assert.Equal(t, sum(Continuum(1200), "a:1", "b:1", "c:1"), sum(Continuum(1200), three...), "all points fill groups")
}

func TestPlacementsHaveDifferentChecksums(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a:1", 1}, {"b:1", 2}}
	sums := map[uint64]string{}
	add := func(name string, nodes []weighted, change func(*Config[weighted])) {
		cfg := weightedConfig
		change(&cfg)
		r, err := New(nodes, cfg)
		require.NoError(t, err, name)
		other, ok := sums[r.Checksum()]
		require.False(t, ok, "%s and %s", name, other)
		sums[r.Checksum()] = name
	}
	none := func(*Config[weighted]) {}
	add("plain", nodes, none)
	add("no nodes", nil, none)
	add("another ID", []weighted{{"a:2", 1}, {"b:1", 2}}, none)
	add("another capacity", []weighted{{"a:1", 1}, {"b:1", 1}}, none)
	add("a capacity too close to show in the points", []weighted{{"a:1", 1.0001}, {"b:1", 2}}, none)
	add("drained", []weighted{{"a:1", 1}, {"b:1", 0}}, none)
	add("without the drained one", []weighted{{"a:1", 1}}, none)
	add("another hash", nodes, func(c *Config[weighted]) { c.Hash = md5Word })
	plain := prf.SipHash.Func(prf.Options{})
	add("lower-case hash", nodes, func(c *Config[weighted]) {
		c.Hash = func(s string) uint64 { return plain(strings.ToLower(s)) }
	})
	add("ketama with a hash", nodes, func(c *Config[weighted]) {
		c.Hash, c.Layout = plain, Ketama(KetamaDefault)
	})
	add("ketama with a truncating hash", nodes, func(c *Config[weighted]) {
		c.Hash, c.Layout = func(s string) uint64 { return plain(s[:min(len(s), 250)]) }, Ketama(KetamaDefault)
	})
	add("unit", nodes, func(c *Config[weighted]) { c.Unit = 2 })
	add("fewer points", nodes, func(c *Config[weighted]) { c.Layout = Hashed(159) })
	for _, l := range allLayouts()[1:] {
		add(l.String(), nodes, func(c *Config[weighted]) { c.Layout = l })
	}
}

// TestSharesAreExact compares each share with a count of key positions in
// arbitrary precision, and checks that the counts add up to the circle.
func TestSharesAreExact(t *testing.T) {
	t.Parallel()
	for _, layout := range allLayouts() {
		t.Run(layout.String(), func(t *testing.T) {
			cfg := weightedConfig
			cfg.Layout = layout
			r, err := New([]weighted{{"a:1", 1}, {"b:1", 2}, {"c:1", 1}, {"d:1", 0}}, cfg)
			require.NoError(t, err)
			want := bigArcs(r)
			if r.circle.lookup == nearest {
				want = bigNearestArcs(r)
			}
			whole := new(big.Int).Lsh(big.NewInt(1), uint(r.circle.bits))
			sum := new(big.Int)
			i := 0
			for n, share := range r.Shares() {
				sum.Add(sum, want[i])
				exact, _ := new(big.Rat).SetFrac(want[i], whole).Float64()
				assert.Equal(t, exact, share, n.id)
				i++
			}
			assert.Zero(t, whole.Cmp(sum), "shares add up to the whole circle")
		})
	}
}

// bigArcs counts the key positions of each node. A position belongs to the first
// point at or, in some layouts, after it.
func bigArcs(r *Ring[weighted]) []*big.Int {
	c := r.circle
	arcs := make([]*big.Int, r.Len())
	for i := range arcs {
		arcs[i] = new(big.Int)
	}
	whole := new(big.Int).Lsh(big.NewInt(1), uint(c.bits))
	begin := new(big.Int)
	for i := range c.len() {
		end := new(big.Int).SetUint64(c.position(i)) // first position that is not this point's
		if c.after == 0 {
			end.Add(end, big.NewInt(1))
		}
		if end.Cmp(whole) > 0 {
			end.Set(whole)
		}
		if end.Cmp(begin) > 0 {
			arcs[c.owner(i)].Add(arcs[c.owner(i)], new(big.Int).Sub(end, begin))
			begin = end
		}
	}
	rest := 0
	if c.lookup == noWrap {
		rest = c.len() - 1
	}
	arcs[c.owner(rest)].Add(arcs[c.owner(rest)], new(big.Int).Sub(whole, begin))
	return arcs
}

// bigNearestArcs counts the key positions of each node where a position belongs to
// the nearest point: half of the gap before a point and half of the gap after it.
func bigNearestArcs(r *Ring[weighted]) []*big.Int {
	c := r.circle
	arcs := make([]*big.Int, r.Len())
	for i := range arcs {
		arcs[i] = new(big.Int)
	}
	for i := range c.len() {
		from := new(big.Int).SetUint64(c.position((i + c.len() - 1) % c.len()))
		to := new(big.Int).SetUint64(c.position(i))
		if i == 0 {
			to.Add(to, new(big.Int).Lsh(big.NewInt(1), uint(c.bits)))
		}
		gap := to.Sub(to, from)
		half := new(big.Int).Rsh(gap, 1)
		before := arcs[c.owner((i+c.len()-1)%c.len())]
		before.Add(before, half)
		arcs[c.owner(i)].Add(arcs[c.owner(i)], gap.Sub(gap, half))
	}
	return arcs
}

func TestSharesOfTheWholeCircle(t *testing.T) {
	t.Parallel()
	for name, hours := range map[string][]uint64{"somewhere": {5}, "at the end": {math.MaxUint64}, "at the beginning": {0}} {
		t.Run(name, func(t *testing.T) {
			r := newClock(t, 1, map[string][]uint64{"a": hours, "b": hours, "c": nil})
			assert.Equal(t, map[string]float64{"a": 1, "b": 0, "c": 0}, maps.Collect(r.Shares()), "a, which comes first, owns all")
		})
	}
}

// TestSharesPredictKeys compares shares with counts of keys.
func TestSharesPredictKeys(t *testing.T) {
	t.Parallel()
	r, err := New([]weighted{{"a", 1}, {"b", 2}, {"c", 3}}, weightedConfig)
	require.NoError(t, err)
	counts := map[string]int{}
	const keys = 200_000
	for i := range keys {
		n, _ := r.Select(fmt.Sprint("key ", i))
		counts[n.id]++
	}
	for n, share := range r.Shares() {
		assert.InDelta(t, share, float64(counts[n.id])/keys, 0.005)
		assert.InDelta(t, n.capacity/6, share, 0.05)
	}
}

// TestManyNodes uses more nodes than 16 bits can count.
func TestManyNodes(t *testing.T) {
	t.Parallel()
	ids := make([]string, ownerMask+10)
	for i := range ids {
		ids[i] = fmt.Sprint("node", i)
	}
	r, err := New(ids, Config[string]{ID: self, Layout: Hashed(2)})
	require.NoError(t, err)
	for i := range 2000 {
		key := fmt.Sprint(i)
		owner, ok := r.Select(key)
		require.True(t, ok)
		many := r.SelectN(nil, key, 100)
		require.Len(t, many, 100)
		require.Equal(t, owner, many[0])
		require.Equal(t, many[:16], r.SelectN(nil, key, 16))
	}
	all := slices.Sorted(r.Rank("key"))
	require.Equal(t, slices.Sorted(slices.Values(ids)), all)
}

// TestVerbsAgreeOverAllCapacities compares every lookup with a walk over the
// points, for capacities down to the smallest number.
func TestVerbsAgreeOverAllCapacities(t *testing.T) {
	t.Parallel()
	capacities := []float64{0, math.SmallestNonzeroFloat64, 1e-310, 1e-300, 1e-3, 0.1, 1, 2.5, 40}
	for seed := range shortrun.Few(uint64(20)) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		cfg := weightedConfig
		cfg.Layout = Hashed(1 + rnd.IntN(50))
		nodes := make([]weighted, 1+rnd.IntN(30))
		for i := range nodes {
			nodes[i] = weighted{fmt.Sprint("n", i), capacities[rnd.IntN(len(capacities))]}
		}
		r, err := New(nodes, cfg)
		require.NoError(t, err)
		for i := range 50 {
			key := fmt.Sprint(i)
			want := walk(r, key)
			require.Equal(t, want, append([]weighted{}, slices.Collect(r.Rank(key))...))
			owner, ok := r.Select(key)
			require.Equal(t, len(want) > 0, ok)
			for n, node := range want {
				require.Equal(t, want[0], owner)
				require.Equal(t, want[:n+1], r.SelectN(nil, key, n+1))
				require.True(t, r.Owns(key, node.id, n+1))
				require.False(t, r.Owns(key, node.id, n))
			}
		}
		for n, share := range r.Shares() {
			require.Equal(t, n.capacity > 0, share > 0, "%v has the share %v", n, share)
		}
	}
}

// walk is the definition of Rank: the nodes of the points at and after the
// position of the key, and then of those before it, each once.
func walk(r *Ring[weighted], key string) []weighted {
	var after, before []weighted
	if r.circle == nil {
		return []weighted{}
	}
	at := r.keyPosition(key)
	for position, n := range r.Points() {
		if position >= at {
			after = append(after, n)
		} else {
			before = append(before, n)
		}
	}
	rank := []weighted{}
	for _, n := range append(after, before...) {
		if !slices.Contains(rank, n) {
			rank = append(rank, n)
		}
	}
	return rank
}
