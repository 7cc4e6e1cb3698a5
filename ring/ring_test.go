package ring

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// clock is a layout for tests by hand: a node has points at the hours of its entry
// in a table, and the position of key "7" is 7, all of that times a unit.
type clock struct {
	unit  uint64
	hours map[string][]uint64
}

func (clock) String() string { return "clock" }
func (clock) ordered() bool  { return false }

func (c clock) place(members []member, _ func(string) uint64) (*plan, error) {
	p := &plan{bits: 64, key: func(key string) uint64 {
		hour, err := strconv.ParseUint(key, 10, 64)
		if err != nil {
			panic(err)
		}
		return hour * c.unit
	}}
	for _, m := range members {
		for _, hour := range c.hours[m.id] {
			p.positions = append(p.positions, hour*c.unit)
		}
		p.next()
	}
	return p, nil
}

// newClock returns a ring of all nodes of a table.
func newClock(t *testing.T, unit uint64, hours map[string][]uint64) *Ring[string] {
	t.Helper()
	r, err := New(slices.Collect(maps.Keys(hours)), Config[string]{ID: self, Layout: clock{unit, hours}})
	require.NoError(t, err)
	return r
}

func self(id string) string { return id }

// units put hours far apart, or so close together that they differ only in the
// lowest bits.
var units = map[string]uint64{"far apart": 1 << 59, "next to each other": 1}

func TestSelectByHand(t *testing.T) {
	t.Parallel()
	table := map[string][]uint64{"a": {2, 6}, "b": {4, 9}, "c": {7, 11}}
	want := map[string]string{
		"0": "a", "1": "a", "2": "a", "3": "b", "4": "b", "5": "a", "6": "a",
		"7": "c", "8": "b", "9": "b", "10": "c", "11": "c", "12": "a",
	}
	for name, unit := range units {
		t.Run(name, func(t *testing.T) {
			r := newClock(t, unit, table)
			for key, owner := range want {
				got, ok := r.Select(key)
				require.True(t, ok)
				assert.Equal(t, owner, got, "key %s", key)
			}
		})
	}
}

func TestRankByHand(t *testing.T) {
	t.Parallel()
	table := map[string][]uint64{"a": {2, 6}, "b": {4, 9}, "c": {7, 11}}
	r := newClock(t, 1, table)
	for key, want := range map[string][]string{
		"1": {"a", "b", "c"}, "5": {"a", "c", "b"}, "8": {"b", "c", "a"}, "10": {"c", "a", "b"}, "12": {"a", "b", "c"},
	} {
		assert.Equal(t, want, slices.Collect(r.Rank(key)), "key %s", key)
		assert.Equal(t, want, r.SelectN(nil, key, 9), "key %s", key)
		assert.Equal(t, want[:2], r.SelectN(nil, key, 2), "key %s", key)
	}
	assert.Equal(t, []string{"x", "c"}, r.SelectN([]string{"x"}, "7", 1), "appends")
	assert.Empty(t, r.SelectN(nil, "7", 0))
	assert.Empty(t, r.SelectN(nil, "7", -1))
}

func TestPointsByHand(t *testing.T) {
	t.Parallel()
	table := map[string][]uint64{"a": {6, 2}, "b": {9, 4}}
	for name, unit := range units {
		t.Run(name, func(t *testing.T) {
			var hours []uint64
			var owners []string
			for position, owner := range newClock(t, unit, table).Points() {
				hours, owners = append(hours, position/unit), append(owners, owner)
			}
			assert.Equal(t, []uint64{2, 4, 6, 9}, hours)
			assert.Equal(t, []string{"a", "b", "a", "b"}, owners)
		})
	}
}

func TestSharesByHand(t *testing.T) {
	t.Parallel()
	const quarter = 1 << 62
	r := newClock(t, quarter, map[string][]uint64{"a": {1}, "b": {2}, "c": {0}})
	assert.Equal(t, map[string]float64{"a": 0.25, "b": 0.25, "c": 0.5}, maps.Collect(r.Shares()))
}

func TestCollisionsKeepBothPoints(t *testing.T) {
	t.Parallel()
	for name, unit := range units {
		t.Run(name, func(t *testing.T) {
			r := newClock(t, unit, map[string][]uint64{"a": {5}, "b": {5}, "c": {5}})
			assert.Equal(t, []string{"a", "b", "c"}, slices.Collect(r.Rank("5")), "the smaller ID first")
			assert.Equal(t, []string{"a", "b", "c"}, slices.Collect(r.Rank("6")), "around the circle")
			without := newClock(t, unit, map[string][]uint64{"b": {5}, "c": {5}})
			assert.Equal(t, []string{"b", "c"}, slices.Collect(without.Rank("5")))
		})
	}
}

// TestHashedPoints computes the points from the documentation of Hashed.
func TestHashedPoints(t *testing.T) {
	t.Parallel()
	const capacity = 3.5 // uses only a part of the last label
	r, err := New([]string{"node1"}, Config[string]{
		ID: self, Hash: md5Word, Layout: Hashed(100), Capacity: func(string) float64 { return capacity },
	})
	require.NoError(t, err)
	var want, got []uint64
	for i := range 350 {
		x := md5Word(label("node1", uint32(i/20))) + uint64(i%20)*0x9e3779b97f4a7c15
		want = append(want, prf.Finalize(x))
	}
	for position := range r.Points() {
		got = append(got, position)
	}
	assert.Equal(t, slices.Sorted(slices.Values(want)), got)
	assert.Equal(t, prf.Finalize(md5Word("key")), r.keyPosition("key"))
}

// label returns a label of Hashed.
func label(id string, number uint32) string {
	return string(binary.BigEndian.AppendUint32(append(binary.AppendUvarint(nil, uint64(len(id))), id...), number))
}

// TestHashMayKeepLabels uses several texts of labels, and an ID that fills a text
// alone.
func TestHashMayKeepLabels(t *testing.T) {
	t.Parallel()
	ids := []string{strings.Repeat("x", 2*labelText)}
	for i := range 300 {
		ids = append(ids, fmt.Sprintf("node%03d", i))
	}
	var kept, want []string
	keep := func(s string) uint64 {
		kept = append(kept, s)
		return prf.SipHash.Func(prf.Options{})(s)
	}
	_, err := New(ids, Config[string]{ID: self, Hash: keep, Layout: Hashed(100)})
	require.NoError(t, err)
	slices.Sort(ids)
	for _, id := range ids {
		for number := range 5 {
			want = append(want, label(id, uint32(number)))
		}
	}
	assert.True(t, slices.Equal(want, kept))
}

func TestLabelsDoNotCollide(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{} // keeps the strings, as a hash may
	h := func(s string) uint64 {
		seen[s] = true
		return 0
	}
	_, err := New([]string{"node", "node1", "node11"}, Config[string]{ID: self, Hash: h, Layout: Hashed(5999)})
	require.NoError(t, err)
	assert.Len(t, seen, 900)
	assert.True(t, seen[label("node1", 299)])
}

func TestNoNodeToSelect(t *testing.T) {
	t.Parallel()
	drained := Config[string]{ID: self, Capacity: func(string) float64 { return 0 }}
	for name, build := range map[string]func() (*Ring[string], error){
		"no nodes":    func() (*Ring[string], error) { return Of() },
		"all drained": func() (*Ring[string], error) { return New([]string{"a", "b"}, drained) },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := build()
			require.NoError(t, err)
			_, ok := r.Select("key")
			assert.False(t, ok)
			assert.Empty(t, r.SelectN(nil, "key", 3))
			assert.Empty(t, slices.Collect(r.Rank("key")))
			for range r.Points() {
				t.Fatal("a point")
			}
			for _, share := range r.Shares() {
				assert.Zero(t, share)
			}
		})
	}
}

func TestEveryLayoutTakesNoNodes(t *testing.T) {
	t.Parallel()
	for _, layout := range allLayouts() {
		t.Run(layout.String(), func(t *testing.T) {
			r, err := New(nil, Config[string]{ID: self, Layout: layout})
			require.NoError(t, err)
			_, ok := r.Select("key")
			assert.False(t, ok)
			r, err = New([]string{"a:1", "b:1"}, Config[string]{ID: self, Layout: layout, Capacity: func(string) float64 { return 0 }})
			require.NoError(t, err)
			_, ok = r.Select("key")
			assert.False(t, ok)
			assert.Equal(t, 2, r.Len())
		})
	}
}

func allLayouts() []Layout {
	layouts := []Layout{Hashed(DefaultPoints), Nginx(), Continuum(ContinuumPoints), Continuum010(ContinuumPoints), HashRing()}
	for mode := KetamaDefault; mode <= KetamaSpy; mode++ {
		layouts = append(layouts, Ketama(mode))
	}
	return append(layouts, Twemproxy(""), Spymemcached(), NodeHashring(), NodeMemcached(), EnvoyRingHash(RingHashMinSize),
		GRPCRingHash(RingHashMinSize), HAProxy(""), VarnishShard(), IngressNginx(), Groupcache(), GoZero(),
		Custom(Settings{Label: "{number}/{id}#{i}", PointHash: "fnv1a-64", Points: "weight(40)", KeyHash: "xxhash64", Lookup: "nearest"}))
}

func TestLayoutNames(t *testing.T) {
	t.Parallel()
	var names []string
	for _, l := range allLayouts() {
		names = append(names, l.String())
	}
	assert.Equal(t, []string{
		"hashed(160)", "nginx", "continuum(1000)", "continuum-0.1.0(1000)", "hash-ring",
		"ketama", "ketama-md5", "ketama-weighted", "ketama-weighted-late", "ketama-spy",
		"twemproxy", "spymemcached", "node-hashring", "node-memcached", "envoy-ring-hash(1024)",
		"grpc-ring-hash(1024)", "haproxy", "varnish-shard", "ingress-nginx", "groupcache", "go-zero",
		"custom {number}/{id}#{i} fnv1a-64 weight(40) xxhash64 nearest",
	}, names)
}

func TestDrainedNodesOwnNothing(t *testing.T) {
	t.Parallel()
	weigh := func(id string) float64 { return map[string]float64{"a": 1, "b": 0, "c": 2}[id] }
	r, err := New([]string{"c", "b", "a"}, Config[string]{ID: self, Capacity: weigh})
	require.NoError(t, err)
	assert.Equal(t, 3, r.Len())
	assert.Equal(t, []string{"a", "b", "c"}, slices.Collect(r.All()))
	for i := range 1000 {
		for n := range r.Rank(strconv.Itoa(i)) {
			require.NotEqual(t, "b", n)
		}
	}
}

func TestPointsPerCapacity(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		points   int
		capacity float64
		want     int
	}{
		{"drained", 160, 0, 0},
		{"negative zero drains as well", 160, math.Copysign(0, -1), 0},
		{"the default", 160, 1, 160},
		{"twice", 160, 2, 320},
		{"rounded to the nearest", 10, 0.33, 3},
		{"a half goes up", 10, 0.25, 3},
		{"at least one", 10, 1e-12, 1},
		{"the smallest number there is", 1, math.SmallestNonzeroFloat64, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := New([]string{"a"}, Config[string]{ID: self, Layout: Hashed(c.points), Capacity: func(string) float64 { return c.capacity }})
			require.NoError(t, err)
			got := 0
			for range r.Points() {
				got++
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// TestUnitScalesCapacities: capacities and unit times the same factor give the
// same points.
func TestUnitScalesCapacities(t *testing.T) {
	t.Parallel()
	of := func(factor float64) *Ring[weighted] {
		cfg := weightedConfig
		cfg.Unit = factor
		r, err := New([]weighted{{"a", factor}, {"b", 2.5 * factor}, {"c", 0}, {"d", 0.001 * factor}}, cfg)
		require.NoError(t, err)
		return r
	}
	want, err := New([]weighted{{"a", 1}, {"b", 2.5}, {"c", 0}, {"d", 0.001}}, weightedConfig)
	require.NoError(t, err)
	for _, factor := range []float64{1, 2, 1024, 65536, 0x1p-20, 0x1p-300} {
		assert.Equal(t, want.circle, of(factor).circle, "%v", factor)
	}
	cfg := weightedConfig
	cfg.Unit = 1e300
	r, err := New([]weighted{{"a", 1e-300}, {"b", 0}}, cfg)
	require.NoError(t, err)
	assert.Equal(t, 1, r.circle.len(), "no capacity rounds to 0")
}

// TestPointsMayReachMaxPoints has the greatest layout, and one for which the nodes would
// need one point more.
func TestPointsMayReachMaxPoints(t *testing.T) {
	t.Parallel()
	cfg := weightedConfig
	cfg.Layout = Hashed(MaxPoints)
	_, err := New(nil, cfg)
	require.NoError(t, err)
	_, err = New([]weighted{{"a", 1}, {"b", 1}}, cfg)
	require.ErrorIs(t, err, ErrTooManyPoints)
	assert.ErrorContains(t, err, "for each unit, at most 8388608 fit")
}

// TestWeightsOfSRVNeedAUnit: DNS has weights up to 65,535, which need too many
// points without a unit. The error says how many fit.
func TestWeightsOfSRVNeedAUnit(t *testing.T) {
	t.Parallel()
	nodes := []weighted{{"a", 65535}, {"b", 65535}}
	_, err := New(nodes, weightedConfig)
	require.ErrorIs(t, err, ErrTooManyPoints)
	assert.EqualError(t, err, "20971200 points, at most 16777216: the capacities need too many points: for each unit, at most 128 fit")
	cfg := weightedConfig
	if !testing.Short() { // 16 million points take a while, and a minute on an emulator
		cfg.Layout = Hashed(128)
		_, err = New(nodes, cfg)
		require.NoError(t, err)
	}
	cfg.Layout = Hashed(129)
	_, err = New(nodes, cfg)
	require.ErrorIs(t, err, ErrTooManyPoints)
	_, err = New([]weighted{{"a", 1e9}}, weightedConfig)
	assert.ErrorContains(t, err, "a point for each unit is too many, so the unit must be greater")
	cfg = weightedConfig
	cfg.Unit = 65535
	r, err := New(nodes, cfg)
	require.NoError(t, err)
	assert.Equal(t, 2*DefaultPoints, r.circle.len())
}

func TestUnitIsRefused(t *testing.T) {
	t.Parallel()
	for _, unit := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		cfg := weightedConfig
		cfg.Unit = unit
		_, err := New([]weighted{{"a", 1}}, cfg)
		require.ErrorIs(t, err, ErrUnit, "%v", unit)
	}
	for _, layout := range allLayouts()[1:] {
		cfg := weightedConfig
		cfg.Layout, cfg.Unit = layout, 2
		_, err := New([]weighted{{"a:1", 1}}, cfg)
		require.ErrorIs(t, err, ErrUnit, layout)
		assert.ErrorContains(t, err, layout.String())
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	var ids []string
	for i := range 100 {
		ids = append(ids, fmt.Sprintf("10.0.0.%d:80", i))
	}
	keys := []string{"short", "a key that is longer than the thirty-two bytes of a buffer on the stack", "92eb5ffee6ae2fec3ad71c777531578f"}
	for _, layout := range allLayouts() {
		t.Run(layout.String(), func(t *testing.T) {
			r, err := New(ids, Config[string]{ID: self, Layout: layout})
			require.NoError(t, err)
			dst := make([]string, 0, len(ids))
			alloctest.None(t, func() {
				for _, key := range keys {
					if _, ok := r.Select(key); !ok {
						t.Fatal("no owner")
					}
					if len(r.SelectN(dst, key, 3)) != 3 || len(r.SelectN(dst, key, 40)) != 40 {
						t.Fatal("too few")
					}
				}
			})
		})
	}
}

// TestBalanceOfAHundred checks the figures in the documentation of DefaultPoints
// on a hundred sets of names, of which by chance one in fifteen is worse.
func TestBalanceOfAHundred(t *testing.T) {
	t.Parallel()
	fullest := func(format string, a ...any) float64 {
		ids := make([]string, 100)
		for i := range ids {
			ids[i] = fmt.Sprintf(format, append(a, i)...)
		}
		r, err := Of(ids...)
		require.NoError(t, err)
		return 100 * slices.Max(slices.Collect(maps.Values(maps.Collect(r.Shares()))))
	}
	for _, format := range []string{"node-%05d", "node-%03d", "node-%d", "node%d", "server%d", "server-%d", "10.0.0.%d:8080"} {
		assert.LessOrEqual(t, fullest(format), 1.27, format)
	}
	var sets []float64
	for set := range 100 {
		sets = append(sets, fullest("rack-%d/node-%d", set))
	}
	slices.Sort(sets)
	assert.InDelta(t, 1.20, sets[50], 0.03, "half of the sets")
	assert.Less(t, sets[80], 1.27, "four sets in five")
}

// TestPlacementIsFixed compares owners with those of an implementation in another
// language that was written from the documentation of Hashed.
func TestPlacementIsFixed(t *testing.T) {
	t.Parallel()
	r, err := Of("red", "green", "blue", "yellow")
	require.NoError(t, err)
	got := map[string][]string{}
	for _, key := range []string{"", "user:42", "touché", "my-first-key"} {
		got[key] = r.SelectN(nil, key, 2)
	}
	assert.Equal(t, map[string][]string{
		"":             {"red", "green"},
		"user:42":      {"yellow", "green"},
		"touché":       {"red", "blue"},
		"my-first-key": {"green", "red"},
	}, got)
	first := uint64(0)
	for position := range r.Points() {
		first = position
		break
	}
	assert.Equal(t, uint64(25369691502848939), first)
	assert.Equal(t, uint64(0xa6068372281f6a3a), r.Checksum())
}
