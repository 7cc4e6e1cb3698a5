package slots

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// server is a node of a golden vector with its index in the header.
type server struct {
	id     string
	weight float64
	index  int
}

func (s server) ID() string      { return s.id }
func (s server) Weight() float64 { return s.weight }

func newMap(t *testing.T, scheme Scheme, servers ...server) *Map[server] {
	t.Helper()
	m, err := New(servers, Config[server]{ID: server.ID, Weight: server.Weight, Scheme: scheme})
	require.NoError(t, err)
	return m
}

func equal(ids ...string) (servers []server) {
	for i, id := range ids {
		servers = append(servers, server{id, 1, i})
	}
	return servers
}

// vectorServers parses "server: NAME ADDRESS WEIGHT"; the ID is the name, if there
// is one.
func vectorServers(t *testing.T, f *vectors.File) (servers []server) {
	t.Helper()
	for i, fields := range f.Fields("server", 3) {
		id := fields[0]
		if id == "-" {
			id = fields[1]
		}
		weight, err := strconv.ParseFloat(fields[2], 64)
		require.NoError(t, err)
		servers = append(servers, server{id, weight, i})
	}
	return servers
}

// TestModuloGolden compares Modulo with the answers of the programs.
func TestModuloGolden(t *testing.T) {
	t.Parallel()
	compared := 0
	vectors.Run(t, "programs/modulo-*.txt", func(t *testing.T, f *vectors.File) {
		for _, fields := range f.Fields("answers", -1) {
			m := newMap(t, Modulo(fields[1]), vectorServers(t, f)...)
			for _, row := range f.Rows {
				got, ok := m.Select(row.Text("key"))
				require.True(t, ok)
				require.Equal(t, row.Int(fields[0]), got.index, "%s: %s", row, fields[0])
				compared++
			}
		}
	})
	t.Log("keys compared:", compared)
}

// TestRedisClusterGolden compares slots and owners with those of redis-server.
func TestRedisClusterGolden(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "programs/redis-cluster-*.txt", func(t *testing.T, f *vectors.File) {
		servers := vectorServers(t, f)
		var ranges []Range
		for _, fields := range f.Fields("slots", 3) {
			first, _ := strconv.Atoi(fields[0])
			last, _ := strconv.Atoi(fields[1])
			owner, _ := strconv.Atoi(fields[2])
			ranges = append(ranges, Range{first, last, servers[owner].id})
		}
		m := newMap(t, RedisCluster(ranges), servers...)
		require.Equal(t, ClusterSlots, m.Slots())
		for _, row := range f.Rows {
			slot, ok := m.Slot(row.Text("key"))
			require.True(t, ok)
			require.Equal(t, row.Int("slot"), slot, row)
			got, ok := m.Select(row.Text("key"))
			require.True(t, ok)
			require.Equal(t, row.Int("server"), got.index, row)
		}
	})
}

// TestEnvoyMaglevTables compares tables with those that the tests of Envoy expect
// (maglev_lb_test.cc: Basic, BasicWithHostName, Weighted).
func TestEnvoyMaglevTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		servers []server
		want    []int
	}{
		{"addresses", equal("127.0.0.1:90", "127.0.0.1:91", "127.0.0.1:92", "127.0.0.1:93", "127.0.0.1:94", "127.0.0.1:95"),
			[]int{2, 4, 0, 1, 5, 0, 3}},
		{"host names", equal("90", "91", "92", "93", "94", "95"), []int{2, 5, 0, 3, 4, 1, 0}},
		{"weights", []server{{"127.0.0.1:90", 1, 0}, {"127.0.0.1:91", 2, 1}},
			[]int{1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			slices.Reverse(c.servers) // the order of input does not matter
			m := newMap(t, EnvoyMaglev(len(c.want)), c.servers...)
			var got []int
			for slot := range m.Slots() {
				owner, ok := m.Owner(slot)
				require.True(t, ok)
				got = append(got, owner.index)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestEnvoyMaglevSharesFollowWeights(t *testing.T) {
	t.Parallel()
	m := newMap(t, EnvoyMaglev(MaglevSlots), server{"a", 1, 0}, server{"b", 2, 1}, server{"c", 5, 2}, server{"d", 0, 3})
	counts := make([]float64, 4)
	for slot := range m.Slots() {
		owner, _ := m.Owner(slot)
		counts[owner.index]++
	}
	for i, weight := range []float64{1, 2, 5, 0} {
		assert.InDelta(t, weight/8*MaglevSlots, counts[i], 2, "server %d", i)
	}
}

// TestJumpHash has values of the tests of github.com/dgryski/go-jump and of Guava.
func TestJumpHash(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key     uint64
		buckets int
		want    int
	}{
		{1, 1, 0}, {42, 57, 43}, {0xDEAD10CC, 1, 0}, {0xDEAD10CC, 666, 361}, {256, 1024, 520},
		{10863919174838991, 11, 6}, {2016238256797177309, 11, 3}, {1673758223894951030, 11, 5},
		{2, 100001, 80343}, {2201, 100001, 22152}, {2202, 100001, 15018},
	} {
		assert.Equal(t, c.want, jumpHash(c.key, c.buckets), "%d of %d", c.key, c.buckets)
	}
}

// TestJumpMovesKeysToTheNewNodeOnly is the property that jump hashing is for.
func TestJumpMovesKeysToTheNewNodeOnly(t *testing.T) {
	t.Parallel()
	before := newMap(t, Jump(""), equal("c", "a", "b")...)
	after, err := before.With(server{"0", 1, 3})
	require.NoError(t, err)
	moved := 0
	for i := range 4000 {
		key := fmt.Sprint("key ", i)
		from, _ := before.Select(key)
		if to, _ := after.Select(key); to != from {
			require.Equal(t, "0", to.id, key)
			moved++
		}
	}
	assert.InDelta(t, 1000, moved, 150)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		scheme  Scheme
		servers []server
		want    error
		says    string
	}{
		{"no scheme", nil, equal("a"), ErrScheme, "no scheme"},
		{"an empty ID", Modulo(""), equal(""), ErrEmptyID, `node ""`},
		{"an ID twice", Modulo(""), equal("a", "a"), ErrDuplicateID, `node "a"`},
		{"a weight that is not a number", Modulo(""), []server{{"a", math.NaN(), 0}}, ErrWeight, "NaN"},
		{"an unknown hash", Modulo("crc32"), equal("a"), ErrScheme, `"crc32" is not one of gomemcache-crc32, `},
		{"half a weight", Modulo("twemproxy-md5"), []server{{"a", 0.5, 0}}, ErrWhole, "weight 0.5"},
		{"too many slots", Modulo("twemproxy-md5"), []server{{"a", 1 << 25, 0}}, ErrTooManySlots, "33554432 slots, at most 16777216"},
		{"an unknown hash for jump", Jump("md5"), equal("a"), ErrScheme, "not one of xxhash64, "},
		{"slots that are not prime", EnvoyMaglev(8), equal("a"), ErrScheme, "number of slots 8 is not a prime"},
		{"too many slots for Envoy", EnvoyMaglev(15485863), equal("a"), ErrScheme, "2 to 5000011"},
		{"half a weight for Envoy", EnvoyMaglev(7), []server{{"a", 0.5, 0}}, ErrWhole, "weight 0.5"},
		{"slots of an unknown node", RedisCluster([]Range{{0, 5, "b"}}), equal("a"), ErrUnknownID, `node "b": slots 0 to 5`},
		{"slots beyond the last", RedisCluster([]Range{{0, 16384, "a"}}), equal("a"), ErrScheme, "not a range below 16384"},
		{"a slot with two owners", RedisCluster([]Range{{0, 5, "a"}, {5, 9, "b"}}), equal("a", "b"), ErrScheme, `slot 5: two owners, "a" and "b"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := New(c.servers, Config[server]{ID: server.ID, Weight: server.Weight, Scheme: c.scheme})
			require.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.says)
			assert.Nil(t, m)
		})
	}
	_, err := New(equal("a"), Config[server]{})
	require.ErrorIs(t, err, ErrNoID)
}

func TestParseRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []Range
		says       string
	}{
		{name: "nothing"},
		{name: "pairs", text: "# slots\n0-5460 a\n\n5461 b\n", want: []Range{{0, 5460, "a"}, {5461, 5461, "b"}}},
		{name: "cluster nodes", text: "" +
			"07c3 127.0.0.1:30004@31004,host4 slave e7d1 0 1426238317239 4 connected\n" +
			"67ed 127.0.0.1:30002@31002 master - 0 1426238316232 2 connected 5461-10922 0\n" +
			"e7d1 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 1-3 [93-<-292f]\n",
			want: []Range{{5461, 10922, "127.0.0.1:30002"}, {0, 0, "127.0.0.1:30002"}, {1, 3, "127.0.0.1:30001"}}},
		{name: "one field", text: "\n5\n", says: "line 2: want FIRST-LAST ID"},
		{name: "a word", text: "x a\n", says: `line 1: slot "x": not a number below 16384`},
		{name: "no number", text: "- a\n", says: `slot ""`},
		{name: "a number too long", text: "000000001 a\n", says: "not a number"},
		{name: "beyond the last", text: "0-16384 a\n", says: `slot "16384"`},
		{name: "backwards", text: "5-3 a\n", says: "the first is greater than the last"},
		{name: "last slot taken", text: "5-9 a\n0-5 b\n", says: "line 2: slot 5 has an owner on line 1"},
		{name: "one slot taken", text: "# slots\n3-9 a\n5 b\n", says: "line 3: slot 5 has an owner on line 2"},
		{name: "bad slots of a node", text: "e7d1 h:1@2 master - 0 0 1 connected 1-x\n", says: `slot "x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseRanges(c.text)
			if c.says != "" {
				require.ErrorIs(t, err, ErrScheme)
				assert.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func allSchemes() []Scheme {
	schemes := []Scheme{EnvoyMaglev(MaglevSlots), EnvoyMaglev(7), RedisCluster([]Range{{0, 9000, "b"}, {9001, 16383, "a"}})}
	for _, hash := range ModuloHashes() {
		schemes = append(schemes, Modulo(hash))
	}
	for _, hash := range JumpHashes() {
		schemes = append(schemes, Jump(hash))
	}
	return schemes
}

// TestRankStartsWithTheOwner compares the verbs with each other.
func TestRankStartsWithTheOwner(t *testing.T) {
	t.Parallel()
	for _, scheme := range allSchemes() {
		t.Run(scheme.String(), func(t *testing.T) {
			m := newMap(t, scheme, server{"a", 1, 0}, server{"b", 2, 1}, server{"d", 0, 2})
			for i := range 50 {
				key := fmt.Sprint("key ", i)
				owner, ok := m.Select(key)
				require.True(t, ok)
				ranked := slices.Collect(m.Rank(key))
				require.Len(t, ranked, 2, "the drained node owns no slot")
				require.Equal(t, owner, ranked[0])
				require.Equal(t, ranked, m.SelectN(nil, key, 9))
				require.Equal(t, ranked[:1], m.SelectN(nil, key, 1))
				require.Empty(t, m.SelectN(nil, key, 0))
				for n := range 4 {
					for _, s := range []server{{"a", 1, 0}, {"b", 2, 1}, {"d", 0, 2}} {
						require.Equal(t, slices.Contains(m.SelectN(nil, key, n), s), m.Owns(key, s.id, n), "%s of %d", s.id, n)
					}
				}
			}
		})
	}
}

func TestChecksumsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[uint64]string{}
	add := func(name string, m *Map[server]) {
		other, ok := seen[m.Checksum()]
		require.False(t, ok, "%s and %s", name, other)
		seen[m.Checksum()] = name
	}
	for _, scheme := range allSchemes() {
		add(scheme.String(), newMap(t, scheme, equal("a", "b")...))
	}
	add("another order", newMap(t, Modulo("kafka-murmur2"), equal("b", "a")...))
	add("another weight", newMap(t, Modulo("kafka-murmur2"), server{"a", 2, 0}, server{"b", 1, 1}))
	add("another ID", newMap(t, Modulo("kafka-murmur2"), equal("a", "c")...))
	add("other slots", newMap(t, RedisCluster([]Range{{0, 9001, "b"}, {9002, 16383, "a"}}), equal("a", "b")...))
	assert.Equal(t, newMap(t, Modulo(""), equal("a", "b")...).Checksum(), newMap(t, Modulo("gomemcache-crc32"), equal("a", "b")...).Checksum())
	assert.Zero(t, new(Map[server]).Checksum())
	assert.Equal(t, uint64(0xf512f50839a0321d), newMap(t, EnvoyMaglev(7), equal("a", "b")...).Checksum(), "pinned")
}

// TestChecksumsArePinned: the checksum of a scheme never changes.
func TestChecksumsArePinned(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, scheme := range []Scheme{Modulo(""), Modulo("twemproxy-md5"), Jump(""), EnvoyMaglev(MaglevSlots), RedisCluster([]Range{{0, 9000, "b"}, {9001, 16383, "a"}})} {
		got[scheme.String()] = fmt.Sprintf("%016x", newMap(t, scheme, server{"b", 1, 0}, server{"a", 2, 1}).Checksum())
	}
	assert.Equal(t, map[string]string{
		"envoy-maglev(65537)":      "205478ee3942ed72",
		"jump(xxhash64)":           "db240ae11bdf98d6",
		"modulo(gomemcache-crc32)": "9a9e4ee1893e151b",
		"modulo(twemproxy-md5)":    "7a0135bd39ca28cb",
		"redis-cluster":            "c86d50ea4f7a8ecb",
	}, got)
}

func TestEmptyMaps(t *testing.T) {
	t.Parallel()
	drained := []server{{"a", 0, 0}}
	var missing *Map[server]
	for name, m := range map[string]*Map[server]{
		"nil": missing, "zero": new(Map[server]), "no nodes": newMap(t, Modulo("")),
		"drained": newMap(t, Modulo("twemproxy-crc32"), drained...), "drained in Maglev": newMap(t, EnvoyMaglev(7), drained...),
		"drained in jump": newMap(t, Jump(""), drained...), "no slots": newMap(t, RedisCluster(nil), equal("a")...),
	} {
		t.Run(name, func(t *testing.T) {
			_, ok := m.Select("key")
			assert.False(t, ok)
			assert.Empty(t, m.SelectN(nil, "key", 3))
			assert.False(t, m.Owns("key", "a", 1))
			_, ok = m.Owner(0)
			assert.False(t, ok)
			_, ok = m.Owner(-1)
			assert.False(t, ok)
		})
	}
	_, err := missing.With(server{"a", 1, 0})
	require.ErrorIs(t, err, ErrNoID)
	_, err = missing.Without("a")
	require.ErrorIs(t, err, ErrUnknownID)
}

// TestEditsEqualNew compares edited maps with those that New builds.
func TestEditsEqualNew(t *testing.T) {
	t.Parallel()
	m := newMap(t, Modulo("twemproxy-crc32a"), equal("c", "a", "b")...)
	with, err := m.With(server{"0", 2, 3})
	require.NoError(t, err)
	assert.Equal(t, newMap(t, Modulo("twemproxy-crc32a"), append(equal("c", "a", "b"), server{"0", 2, 3})...).Checksum(), with.Checksum())
	without, err := with.Without("a", "0")
	require.NoError(t, err)
	assert.Equal(t, newMap(t, Modulo("twemproxy-crc32a"), equal("c", "b")...).Checksum(), without.Checksum())
	heavy, err := m.Reweight("a", 3)
	require.NoError(t, err)
	assert.Equal(t, newMap(t, Modulo("twemproxy-crc32a"), server{"c", 1, 0}, server{"a", 3, 1}, server{"b", 1, 2}).Checksum(), heavy.Checksum())
	w, ok := heavy.Weight("a")
	assert.True(t, ok)
	assert.Equal(t, 3.0, w)
	_, err = m.Reweight("z", 3)
	require.ErrorIs(t, err, ErrUnknownID)
}

func TestLookupsDoNotAllocate(t *testing.T) {
	for _, scheme := range allSchemes() {
		m := newMap(t, scheme, equal("a", "b")...)
		assert.Zero(t, testing.AllocsPerRun(100, func() { m.Select("user:42") }), scheme)
		assert.Zero(t, testing.AllocsPerRun(100, func() { m.Owns("user:42", "a", 1) }), scheme)
	}
}
