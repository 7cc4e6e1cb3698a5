package ring

import (
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// server is a node of a golden vector with its index in the header.
type server struct {
	id       string
	capacity float64
	index    int
}

func serverConfig(layout Layout) Config[server] {
	return Config[server]{
		ID:       func(s server) string { return s.id },
		Capacity: func(s server) float64 { return s.capacity },
		Layout:   layout,
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return n
}

// hostPortServers parses "server: HOST PORT CAPACITY". If a server is listed twice,
// its second ID omits the default port.
func hostPortServers(t *testing.T, f *vectors.File) []server {
	t.Helper()
	var servers []server
	for i, fields := range f.Fields("server", 3) {
		id := net.JoinHostPort(fields[0], fields[1])
		if slices.ContainsFunc(servers, func(s server) bool { return s.id == id }) {
			id = fields[0]
		}
		servers = append(servers, server{id, number(t, fields[2]), i})
	}
	return servers
}

// pointCounts returns the number of points of each server.
func pointCounts(r *Ring[server]) []int {
	counts := make([]int, r.Len())
	for _, s := range r.Points() {
		counts[s.index]++
	}
	return counts
}

func ints(t *testing.T, list string) []int {
	t.Helper()
	var numbers []int
	for _, text := range strings.Fields(list) {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		numbers = append(numbers, n)
	}
	return numbers
}

// requireOwner compares the owner of the row's key with a column.
func requireOwner(t *testing.T, r *Ring[server], row vectors.Row, column string) {
	t.Helper()
	got, ok := r.Select(row.Text("key"))
	require.True(t, ok, row)
	require.Equal(t, row.Int(column), got.index, row)
}

// requirePoints compares all points, or the lowest of them, with the rows.
func requirePoints(t *testing.T, r *Ring[server], rows []vectors.Row, owner string) {
	t.Helper()
	i := 0
	for position, s := range r.Points() {
		if i == len(rows) {
			break
		}
		require.Equal(t, rows[i].Uint64("position"), position, rows[i])
		require.Equal(t, rows[i].Int(owner), s.index, rows[i])
		i++
	}
	require.Equal(t, len(rows), i, "points")
}

var ketamaModes = map[string]KetamaMode{
	"KETAMA":               KetamaDefault,
	"KETAMA_MD5":           KetamaMD5,
	"KETAMA_WEIGHTED":      KetamaWeighted,
	"KETAMA_WEIGHTED_LATE": KetamaWeightedLate,
	"KETAMA_SPY":           KetamaSpy,
}

func newKetama(t *testing.T, f *vectors.File) *Ring[server] {
	t.Helper()
	mode, ok := ketamaModes[f.Header("mode")]
	require.True(t, ok, f.Header("mode"))
	servers := hostPortServers(t, f)
	for i := range servers {
		servers[i].capacity = max(1, servers[i].capacity) // libmemcached takes 0 for 1
	}
	r, err := New(servers, serverConfig(Ketama(mode)))
	require.NoError(t, err)
	return r
}

func TestKetamaGolden(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	vectors.Run(t, "ketama/lookup-*.txt", func(t *testing.T, f *vectors.File) {
		seen[f.Header("mode")] = true
		r := newKetama(t, f)
		assert.Equal(t, ints(t, f.Header("points_per_server")), pointCounts(r))
		for _, row := range f.Rows {
			requireOwner(t, r, row, "server")
		}
	})
	assert.Len(t, seen, len(ketamaModes), "every mode has vectors")
	vectors.Run(t, "ketama/points-*.txt", func(t *testing.T, f *vectors.File) {
		r := newKetama(t, f)
		require.Len(t, f.Rows, r.circle.len())
		requirePoints(t, r, f.Rows, "server")
	})
}

func newNginx(t *testing.T, f *vectors.File) *Ring[server] {
	t.Helper()
	var servers []server
	for i, fields := range f.Fields("server", 2) {
		servers = append(servers, server{fields[0], number(t, fields[1]), i})
	}
	r, err := New(servers, serverConfig(Nginx()))
	require.NoError(t, err)
	return r
}

func TestNginxGolden(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "nginx/lookup-*.txt", func(t *testing.T, f *vectors.File) {
		r := newNginx(t, f)
		assert.Equal(t, ints(t, f.Header("points_per_server")), pointCounts(r))
		for _, row := range f.Rows {
			requireOwner(t, r, row, "server")
		}
	})
	vectors.Run(t, "nginx/points-*.txt", func(t *testing.T, f *vectors.File) {
		requirePoints(t, newNginx(t, f), f.Rows, "server")
	})
}

func newContinuum(servers []server, layout Layout) (*Ring[server], error) {
	return New(servers, serverConfig(layout))
}

func TestContinuumGolden(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "continuum/lookup-*.txt", func(t *testing.T, f *vectors.File) {
		points := int(number(t, f.Header("totaldots")))
		servers := hostPortServers(t, f)
		t.Run("0.1.1", func(t *testing.T) {
			r, err := newContinuum(servers, Continuum(points))
			require.NoError(t, err)
			assert.Equal(t, ints(t, f.Header("points_head")), pointCounts(r))
			for _, row := range f.Rows {
				requireOwner(t, r, row, "head")
			}
		})
		t.Run("0.1.0", func(t *testing.T) {
			r, err := newContinuum(servers, Continuum010(points))
			if f.Rows[0].None("v010") {
				require.ErrorIs(t, err, ErrNoPoints)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, ints(t, f.Header("points_v010")), pointCounts(r))
			for _, row := range f.Rows {
				requireOwner(t, r, row, "v010")
			}
		})
	})
}

func TestContinuumPoints(t *testing.T) {
	t.Parallel()
	layouts := map[string]func(int) Layout{"head": Continuum, "v010": Continuum010}
	vectors.Run(t, "continuum/points-*.txt", func(t *testing.T, f *vectors.File) {
		rows := map[string][]vectors.Row{}
		for _, row := range f.Rows {
			rows[row.Text("version")] = append(rows[row.Text("version")], row)
		}
		for version, rows := range rows {
			r, err := newContinuum(hostPortServers(t, f), layouts[version](int(number(t, f.Header("totaldots")))))
			require.NoError(t, err)
			require.Len(t, rows, r.circle.len())
			requirePoints(t, r, rows, "server")
		}
	})
}

func TestContinuumKeys(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, "continuum/keys.txt").Rows {
		words := keyhash.MD5Words(row.Text("key"))
		for i, word := range words {
			require.Equal(t, row.Uint64("word"+strconv.Itoa(i)), uint64(word), row)
		}
	}
}

func TestContinuumPointsAreTruncated(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, "continuum/dots-float.txt").Rows {
		capacity, total := float64(row.Int("capacity")), float64(row.Int("total"))
		got := countTotal(pointCount{n: float64(row.Int("totaldots"))}, []member{{capacity: capacity}, {capacity: total - capacity}})
		assert.Equal(t, float64(row.Int("dots")), got[0], row)
	}
}

func TestContinuumHistory(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "continuum/history-*.txt", func(t *testing.T, f *vectors.File) {
		b := NewBuilder(serverConfig(Continuum(ContinuumPoints)))
		for _, op := range f.Fields("op", -1) {
			id := net.JoinHostPort(op[1], op[2])
			if op[0] == "remove" {
				require.NoError(t, b.Remove(id))
				continue
			}
			index := slices.IndexFunc(hostPortServers(t, f), func(s server) bool { return s.id == id })
			require.NoError(t, b.Add(server{id, number(t, op[3]), index}))
		}
		r, err := b.Build()
		require.NoError(t, err)
		for _, row := range f.Rows {
			requireOwner(t, r, row, "head")
		}
	})
}

// hashRingServers parses "node: NAME" and "weight: NAME WEIGHT".
func hashRingServers(t *testing.T, f *vectors.File) []server {
	t.Helper()
	weights := hashRingWeights(t, f)
	var servers []server
	for i, name := range f.All("node") {
		servers = append(servers, server{name, weights(name), i})
	}
	return servers
}

func hashRingWeights(t *testing.T, f *vectors.File) func(name string) float64 {
	t.Helper()
	weights := map[string]float64{}
	for _, value := range f.All("weight") {
		name, weight, ok := strings.Cut(value, " ")
		require.True(t, ok, value)
		weights[name] = number(t, weight)
	}
	return func(name string) float64 {
		if w, ok := weights[name]; ok {
			return w
		}
		return 1
	}
}

func TestHashRingGolden(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "hash_ring/lookup-*.txt", func(t *testing.T, f *vectors.File) {
		r, err := New(hashRingServers(t, f), serverConfig(HashRing()))
		require.NoError(t, err)
		assert.Equal(t, ints(t, f.Header("points_per_node")), pointCounts(r))
		assert.Equal(t, int(number(t, f.Header("distinct_points"))), r.circle.len())
		for _, row := range f.Rows {
			requireOwner(t, r, row, "owner")
			if slices.Contains(f.Columns, "order") {
				requireOrder(t, r, row)
			}
		}
	})
	vectors.Run(t, "hash_ring/points-*.txt", func(t *testing.T, f *vectors.File) {
		r, err := New(hashRingServers(t, f), serverConfig(HashRing()))
		require.NoError(t, err)
		require.Len(t, f.Rows, r.circle.len())
		requirePoints(t, r, f.Rows, "node")
	})
}

func requireOrder(t *testing.T, r *Ring[server], row vectors.Row) {
	t.Helper()
	var got []int
	for s := range r.Rank(row.Text("key")) {
		got = append(got, s.index)
	}
	require.Equal(t, row.Ints("order"), got, row)
	var few []int
	for _, s := range r.SelectN(nil, row.Text("key"), math.MaxInt) {
		few = append(few, s.index)
	}
	require.Equal(t, got, few, row)
}

func TestHashRingKeys(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, "hash_ring/keys.txt").Rows {
		require.Equal(t, row.Uint64("position"), keyhash.MD5OrHex(row.Text("key")), row)
	}
	for _, row := range vectors.Open(t, "hash_ring/keys-bytes.txt").Rows {
		require.Equal(t, row.Uint64("position"), keyhash.MD5OrHex(string(row.Hex("key_hex"))), row)
	}
}

// TestHashRingHistories repeats operations on the original, where adding a present
// node or removing an absent one is no error.
func TestHashRingHistories(t *testing.T) {
	t.Parallel()
	vectors.Run(t, "hash_ring/history-*.txt", func(t *testing.T, f *vectors.File) {
		weights := hashRingWeights(t, f)
		b := NewBuilder(serverConfig(HashRing()))
		states := f.Fields("state", -1)
		for i, op := range f.Fields("op", -1) {
			apply(t, b, op[0], op[1:], weights)
			r, err := b.Build()
			require.NoError(t, err)
			require.Equal(t, len(states[i])-2, r.Len(), op)
			distinct := 0
			for range r.Points() {
				distinct++
			}
			require.Equal(t, int(number(t, states[i][1])), distinct, op)
		}
		r, err := b.Build()
		require.NoError(t, err)
		for _, row := range f.Rows {
			requireNames(t, r, row)
		}
	})
}

func apply(t *testing.T, b *Builder[server], op string, names []string, weight func(string) float64) {
	t.Helper()
	if op == "remove" {
		if err := b.Remove(names[0]); err != nil {
			require.ErrorIs(t, err, ErrUnknownID)
		}
		return
	}
	var fresh []server
	for _, name := range names {
		if s := (server{id: name, capacity: weight(name)}); !b.has(name) {
			fresh = append(fresh, s)
		} else {
			require.ErrorIs(t, b.Add(s), ErrDuplicateID)
		}
	}
	require.NoError(t, b.AddMany(fresh...))
}

func requireNames(t *testing.T, r *Ring[server], row vectors.Row) {
	t.Helper()
	owner, ok := r.Select(row.Text("key"))
	require.Equal(t, row.None("owner"), !ok, row)
	if !ok {
		return
	}
	require.Equal(t, row.Text("owner"), owner.id, row)
	var names []string
	for s := range r.Rank(row.Text("key")) {
		names = append(names, s.id)
	}
	require.Equal(t, strings.Fields(row.Text("order")), names, row)
}
