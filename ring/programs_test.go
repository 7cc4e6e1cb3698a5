package ring

import (
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// programs are the layouts with vectors in testdata/programs. Each takes the hash
// that its program was set to.
var programs = map[string]struct {
	layout func(hash string) Layout
	named  bool // the program hashes the name of a server and not its address
}{
	"twemproxy":       {layout: Twemproxy, named: true},
	"spymemcached":    {layout: func(string) Layout { return Spymemcached() }},
	"node-hashring":   {layout: func(string) Layout { return NodeHashring() }},
	"node-memcached":  {layout: func(string) Layout { return NodeMemcached() }},
	"grpc-ring-hash":  {layout: func(string) Layout { return GRPCRingHash(RingHashMinSize) }},
	"haproxy":         {layout: HAProxy, named: true},
	"varnish-shard":   {layout: func(string) Layout { return VarnishShard() }, named: true},
	"ingress-nginx":   {layout: func(string) Layout { return IngressNginx() }},
	"groupcache":      {layout: func(string) Layout { return Groupcache() }},
	"go-zero":         {layout: func(string) Layout { return GoZero() }},
	"ketama":          {layout: func(string) Layout { return Ketama(KetamaDefault) }},
	"ketama-md5":      {layout: func(string) Layout { return Ketama(KetamaMD5) }},
	"ketama-weighted": {layout: func(string) Layout { return Ketama(KetamaWeighted) }},
}

// TestProgramsGolden compares the layouts with the answers of the programs that
// they agree with.
func TestProgramsGolden(t *testing.T) {
	t.Parallel()
	compared := map[string]int{}
	vectors.Run(t, "programs/*.txt", func(t *testing.T, f *vectors.File) {
		program, ok := programs[f.Header("algorithm")]
		if !ok {
			t.Skip("not a ring")
		}
		for _, fields := range f.Fields("answers", -1) {
			column, hash := fields[0], strings.TrimPrefix(fields[1], "-")
			servers, layout := programServers(t, f, program.named), program.layout(hash)
			if f.Header("scenario") == "ids, keys of printable ASCII" {
				layout = HAProxyByID(hash)
				for i, id := range f.All("id") {
					servers[i].id = id
				}
			}
			r, err := New(servers, serverConfig(layout))
			require.NoError(t, err)
			for _, row := range f.Rows {
				requireOwner(t, r, row, column)
				compared[f.Header("algorithm")]++
			}
		}
	})
	for name := range programs {
		assert.Positive(t, compared[name], "%s has no vectors", name)
	}
	t.Log("keys compared:", compared)
}

// programServers parses "server: NAME ADDRESS WEIGHT". The ID is the name if the
// program hashes that and there is one.
func programServers(t *testing.T, f *vectors.File, named bool) []server {
	t.Helper()
	var servers []server
	for i, fields := range f.Fields("server", 3) {
		id := fields[1]
		if named && fields[0] != "-" || id == "-" {
			id = fields[0]
		}
		servers = append(servers, server{id, number(t, fields[2]), i})
	}
	return servers
}

// TestEnvoyRingHashPoints compares points with those that the tests of Envoy expect
// (ring_hash_lb_test.cc: Basic, BasicWithDoundedLoad).
func TestEnvoyRingHashPoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefix string
		want   map[string][]uint64
	}{
		{"127.0.0.1:", map[string][]uint64{
			"94": {833437586790550860, 15516499411664133160}, "92": {928266305478181108, 13444792449719432967},
			"90": {1033482794131418490, 16117243373044804889}, "95": {3551244743356806947, 13144177310400110813},
			"93": {3851675632748031481, 7700377290971790572}, "91": {5583722120771150861, 6311230543546372928},
		}},
		{"", map[string][]uint64{
			"95": {1975508444536362413, 2376063919839173711}, "93": {2386806903309390596, 6803900775736438537},
			"94": {6749904478991551885, 15364271037087512980}, "92": {7225015537174310577, 11282020843382717940},
			"90": {8787465352164086522, 13776502110861797421}, "91": {13723418369486627818, 14338313586354474791},
		}},
	} {
		t.Run("prefix "+c.prefix, func(t *testing.T) {
			var ids []string
			for id := range c.want {
				ids = append(ids, id)
			}
			id := func(id string) string { return c.prefix + id }
			r, err := New(ids, Config[string]{ID: id, Layout: EnvoyRingHash(12)})
			require.NoError(t, err)
			got := map[string][]uint64{}
			for position, id := range r.Points() {
				got[id] = append(got[id], position)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// TestEnvoyRingHashSizes has the numbers of points that Envoy documents: a ring so
// large that the lightest host has a whole number of them.
func TestEnvoyRingHashSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		layout  Layout
		weights []float64
		want    []int
	}{
		{EnvoyRingHash(RingHashMinSize), []float64{1, 2}, []int{342, 684}},
		{EnvoyRingHash(3), []float64{1, 1, 1, 0}, []int{1, 1, 1, 0}},
		{GRPCRingHash(RingHashMinSize), []float64{1, 9999}, []int{1, 4095}},
		{EnvoyRingHash(RingHashMinSize), []float64{1, 9999}, []int{1, 9999}},
	} {
		var servers []server
		for i, weight := range c.weights {
			servers = append(servers, server{string(rune('a' + i)), weight, i})
		}
		r, err := New(servers, serverConfig(c.layout))
		require.NoError(t, err)
		assert.Equal(t, c.want, pointCounts(r), "%s of %v", c.layout, c.weights)
	}
}

func TestCustomRefuses(t *testing.T) {
	t.Parallel()
	valid := Settings{Label: "{id}-{i}", PointHash: "md5-4le32", Points: "each(160)", KeyHash: "md5-le32", Lookup: "at-or-after"}
	for _, c := range []struct {
		name string
		set  func(*Settings)
		says string
	}{
		{"an unknown field", func(s *Settings) { s.Label = "{name}{i}" }, "unknown field {name}"},
		{"an open brace", func(s *Settings) { s.Label = "{i" }, "a { has no }"},
		{"a label without a number", func(s *Settings) { s.Label = "{id}" }, "{i} must occur once"},
		{"a label with two numbers", func(s *Settings) { s.Label = "{i}{i}" }, "{i} occurs twice"},
		{"a chain with a number", func(s *Settings) { s.PointHash = "crc32-chain" }, "not at all with crc32-chain"},
		{"text for a hash of numbers", func(s *Settings) { s.PointHash = "avalanche32" }, "one hashes numbers, the other text"},
		{"a number for a hash of text", func(s *Settings) { s.Label = "{4096*number+i}" }, "one hashes numbers, the other text"},
		{"a number with text", func(s *Settings) { s.Label, s.PointHash = "x{4096*id+i}", "avalanche32" }, "must stand alone"},
		{"an unknown point hash", func(s *Settings) { s.PointHash = "md5" }, `point hash "md5" is not one of md5-4le32, `},
		{"an unknown key hash", func(s *Settings) { s.KeyHash = "md5" }, `key hash "md5" is not one of crc16, `},
		{"points of 64 bits and keys of 32", func(s *Settings) { s.PointHash = "xxhash64" }, "has 64 bits, key hash md5-le32 only 32"},
		{"points without a rule", func(s *Settings) { s.Points = "160" }, "not of the form rule(number)"},
		{"an unknown rule", func(s *Settings) { s.Points = "some(160)" }, "not one of each(N)"},
		{"one number for a ring", func(s *Settings) { s.Points = "ring(160)" }, "not one of each(N)"},
		{"two numbers for each", func(s *Settings) { s.Points = "each(1,2)" }, "not one of each(N)"},
		{"a ring that shrinks", func(s *Settings) { s.Points = "ring(2,1)" }, "the second number is below the first"},
		{"no points", func(s *Settings) { s.Points = "each(0)" }, "0 points, not 1 to 16777216"},
		{"an unknown lookup", func(s *Settings) { s.Lookup = "before" }, `lookup "before" is not one of at-or-after, after`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := valid
			c.set(&s)
			_, err := New(serversOf("a", 1), serverConfig(Custom(s)))
			require.ErrorIs(t, err, ErrLayout)
			assert.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, "layout custom ")
		})
	}
	_, err := New(serversOf("a", 1), serverConfig(Custom(valid)))
	require.NoError(t, err)
}

func TestProgramsRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		layout  Layout
		servers []server
		want    error
		says    string
	}{
		{Twemproxy("sha1"), serversOf("a", 1), ErrLayout, `twemproxy: key hash "sha1" is not one of fnv1a_64, `},
		{HAProxy("md5"), serversOf("a", 1), ErrLayout, "not one of sdbm-avalanche, "},
		{KetamaHash("sha1"), serversOf("a", 1), ErrLayout, "not one of one_at_a_time, "},
		{HAProxyByID(""), serversOf("web1", 1), ErrNumber, `node "web1"`},
		{HAProxyByID(""), serversOf("0", 1), ErrNumber, `node "0"`},
		{HAProxyByID(""), serversOf("007", 1), ErrNumber, `node "007"`},
		{HAProxyByID(""), serversOf("2147483648", 1), ErrNumber, "2147483647"},
		{GRPCRingHash(4097), serversOf("a", 1), ErrLayout, "the second number is below the first"},
		{VarnishShard(), []server{{"a", 0.5, 0}}, ErrWhole, "capacity 0.5"},
		{Spymemcached(), []server{{"a:1", 0.5, 0}}, ErrWhole, "capacity 0.5"},
	} {
		_, err := New(c.servers, serverConfig(c.layout))
		require.ErrorIs(t, err, c.want, c.layout)
		assert.ErrorContains(t, err, c.says)
	}
}

// TestLayoutChecksumsArePinned: the checksum of a layout never changes, its name
// among what it depends on.
func TestLayoutChecksumsArePinned(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, layout := range append(allLayouts(), HAProxy("crc32"), Twemproxy("md5"), KetamaHash("crc"), HAProxyByID("")) {
		servers := serversOf("10.0.0.1:80", 1, "10.0.0.2:11211", 2, "10.0.0.3:80", 1)
		if layout == HAProxyByID("") {
			servers = serversOf("1", 1, "5", 2, "9", 1)
		}
		r, err := New(servers, serverConfig(layout))
		require.NoError(t, err)
		got[layout.String()] = fmt.Sprintf("%016x", r.Checksum())
	}
	assert.Equal(t, map[string]string{
		"continuum(1000)":       "f77c6842dc17ef23",
		"continuum-0.1.0(1000)": "cc42f5a320f9adc9",
		"custom {number}/{id}#{i} fnv1a-64 weight(40) xxhash64 nearest": "e1f52430463a0fb6",
		"envoy-ring-hash(1024)": "cce0007968b06794",
		"go-zero":               "330356ae04e73267",
		"groupcache":            "24216740ac16c893",
		"grpc-ring-hash(1024)":  "fefa897de994649c",
		"haproxy":               "64518ae01e96ad14",
		"haproxy(crc32)":        "bd30209d6712e32e",
		"haproxy-id":            "7be6911bc63f1bfd",
		"hash-ring":             "1ac8f0cf962f761a",
		"hashed(160)":           "8e2e43551962b2c6",
		"ingress-nginx":         "5decfd2a2e6151ec",
		"ketama":                "c87fe9b3cfab3248",
		"ketama(crc)":           "540d2c834836bddd",
		"ketama-md5":            "ea730169654b6129",
		"ketama-spy":            "6d2330ef28b99320",
		"ketama-weighted":       "99a40ca0e20a9308",
		"ketama-weighted-late":  "50199bd92dbbb9e7",
		"nginx":                 "e672372b5ede28c2",
		"node-hashring":         "81bb62cb62a69a08",
		"node-memcached":        "6fc2c314ac0242dd",
		"spymemcached":          "ad18887630dc4534",
		"twemproxy":             "61d171ca72b0e031",
		"twemproxy(md5)":        "fa15c9b5a482a2ab",
		"varnish-shard":         "304ca9bc5c9a2a5a",
	}, got)
}

func TestPointCountLimits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"each(1)": nil, "each(16777216)": nil, "ring(5,5)": nil, "ring(1,16777216)": nil,
		"each(0)": ErrLayout, "each(16777217)": ErrLayout, "ring(6,5)": ErrLayout, "ring(1,16777217)": ErrLayout,
	} {
		_, err := parsePointCount(text)
		assert.ErrorIs(t, err, want, text)
	}
}

// TestDrainedNodesHaveNoShare: the share of a node depends on the number of nodes, among
// which those without weight do not count.
func TestDrainedNodesHaveNoShare(t *testing.T) {
	t.Parallel()
	members := []member{{id: "a", capacity: 1}, {id: "b", capacity: 1}, {id: "c"}}
	for _, text := range []string{"share32(160)", "share64(160)"} {
		c, err := parsePointCount(text)
		require.NoError(t, err)
		counts, err := c.of(members)
		require.NoError(t, err)
		assert.Equal(t, []float64{160, 160, 0}, counts, text)
	}
}

// TestConfiguredHashOfKetama: a configured hash replaces the hash of keys, and that of
// points, which is the same. Its low 32 bits count.
func TestConfiguredHashOfKetama(t *testing.T) {
	t.Parallel()
	hash := func(s string) uint64 { return uint64(len(s))<<32 + uint64(crc32.ChecksumIEEE([]byte(s))) }
	cfg := serverConfig(Ketama(KetamaDefault))
	cfg.Hash = hash
	r, err := New(serversOf("a", 1), cfg)
	require.NoError(t, err)
	var want, got []uint64
	for i := range 100 {
		want = append(want, hash("a-"+strconv.Itoa(i))&math.MaxUint32)
	}
	slices.Sort(want)
	for position := range r.Points() {
		got = append(got, position)
	}
	assert.Equal(t, want, got)
}

func TestBinaryLabels(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "\x05\x30\x00\x00", nodeLabel{number: 3, binary: true}.at(5), "3*4096+5, the low byte first")
}

// TestNginxName splits servers where ngx_http_upstream_init_chash does, without a host or
// a path, too.
func TestNginxName(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"a:80": "a\x0080", "a": "a\x00", "a:": "a\x00", ":80": "\x0080", "[::1]:80": "[::1]\x0080", "a:http": "a:http\x00",
		"unix:/run/a": "/run/a\x00", "UNIX:/run/a:1": "/run/a:1\x00", "unix:": "\x00", "unix": "unix\x00",
	} {
		name, err := nginxName(member{id: server}, 0)
		require.NoError(t, err)
		assert.Equal(t, want, name, server)
	}
}
