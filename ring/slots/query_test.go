package slots

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
)

// querySchemes has a scheme of each kind, for nodes "a" to "d".
func querySchemes() []Scheme {
	return []Scheme{
		Modulo(""), Modulo("twemproxy-fnv1a_64"), Jump(""), EnvoyMaglev(307),
		RedisCluster([]Range{{0, 5000, "a"}, {5001, 9000, "b"}, {9001, 16383, "c"}}),
	}
}

type forms interface {
	Select(key string) (server, bool)
	SelectBytes(key []byte) (server, bool)
	SelectHash(h uint64) (server, bool)
	Hash(key string) uint64
	Slot(key string) (int, bool)
	Checksum() uint64
}

// queried returns the maps of all schemes, and partitions, with a function for keys.
func queried(t *testing.T, key func(string) string) map[string]forms {
	t.Helper()
	all := map[string]forms{}
	for _, scheme := range querySchemes() {
		m, err := New(equal("a", "b", "c", "d"), Config[server]{ID: server.ID, Scheme: scheme, Key: key})
		require.NoError(t, err)
		all[scheme.String()] = m
	}
	r, err := ring.New(equal("a", "b", "c", "d"), ring.Config[server]{ID: server.ID})
	require.NoError(t, err)
	p, err := NewPartitions(r, PartitionsConfig[server]{ID: server.ID, Partitions: 40, Key: key})
	require.NoError(t, err)
	all["partitions"] = p
	return all
}

// TestHashAndBytesSelectAsStringsDo compares the three forms of a key.
func TestHashAndBytesSelectAsStringsDo(t *testing.T) {
	t.Parallel()
	for _, cut := range []func(string) string{nil, prf.HashTag('{', '}')} {
		for name, m := range queried(t, cut) {
			for i := range 300 {
				key := fmt.Sprintf("key {user:%d}", i)
				want, ok := m.Select(key)
				require.True(t, ok)
				got, ok := m.SelectBytes([]byte(key))
				require.True(t, ok)
				require.Equal(t, want, got, name)
				got, ok = m.SelectHash(m.Hash(key))
				require.True(t, ok)
				require.Equal(t, want, got, name)
			}
		}
	}
}

// TestKeyDecidesTheSlot compares with uncut keys, and the checksums.
func TestKeyDecidesTheSlot(t *testing.T) {
	t.Parallel()
	whole, cutting := queried(t, nil), queried(t, prf.HashTag('<', '>'))
	for name, m := range cutting {
		for i := range 100 {
			part := fmt.Sprint("user:", i)
			want, _ := whole[name].Slot(part)
			got, ok := m.Slot("some <" + part + ">")
			require.True(t, ok)
			require.Equal(t, want, got, name)
			node, _ := whole[name].Select(part)
			same, _ := m.Select("some <" + part + ">")
			require.Equal(t, node, same, name)
		}
		assert.NotEqual(t, whole[name].Checksum(), m.Checksum(), name)
	}
}

// TestNoSlotsHaveNoHash: the zero values and nil pointers answer.
func TestNoSlotsHaveNoHash(t *testing.T) {
	t.Parallel()
	for _, m := range []forms{(*Map[server])(nil), &Map[server]{}, (*Partitions[server])(nil), &Partitions[server]{}} {
		assert.Zero(t, m.Hash("key"))
		_, ok := m.SelectHash(1)
		assert.False(t, ok)
		_, ok = m.SelectBytes(nil)
		assert.False(t, ok)
	}
}

func TestFormsOfKeysDoNotAllocate(t *testing.T) {
	key := []byte("some {user:42}")
	for _, m := range queried(t, prf.HashTag('{', '}')) {
		alloctest.None(t, func() { m.SelectBytes(key); m.SelectHash(42); m.Hash("user:42") })
	}
}

// many is what maps and partitions have for many keys.
type many interface {
	forms
	SelectAll(dst []server, keys []string) []server
	SelectAllBytes(dst []server, keys [][]byte) []server
	SelectAllHashes(dst []server, hashes []uint64) []server
	SelectN(dst []server, key string, n int) []server
	SelectNAll(dst []server, keys []string, n int) []server
	Split(keys []string) []Group[server]
	HashAll(sums []uint64, keys []string)
}

// requireMany compares every form for many keys with that for one. It returns how many
// keys have no owner.
func requireMany(t *testing.T, name string, m many, keys []string) (unowned int) {
	t.Helper()
	bytes, hashes := make([][]byte, len(keys)), make([]uint64, len(keys)+1)
	m.HashAll(hashes, keys)
	require.Zero(t, hashes[len(keys)], "%s: a hash beyond the last key", name)
	hashes = hashes[:len(keys)]
	want, places := []server{{id: "first"}}, map[string][]int{}
	for i, key := range keys {
		bytes[i] = []byte(key)
		require.Equal(t, m.Hash(key), hashes[i], name)
		owner, ok := m.Select(key)
		want = append(want, owner)
		if ok {
			places[owner.id] = append(places[owner.id], i)
		} else {
			unowned++
		}
	}
	require.Equal(t, want, m.SelectAll(want[:1:1], keys), name)
	require.Equal(t, want, m.SelectAllBytes(want[:1:1], bytes), name)
	require.Equal(t, want, m.SelectAllHashes(want[:1:1], hashes), name)
	for _, n := range []int{-1, 0, 1, 2, 3, 17, 1000} {
		best := []server{{id: "first"}}
		for _, key := range keys {
			best = m.SelectN(best, key, n)
		}
		require.Equal(t, best, m.SelectNAll(want[:1:1], keys, n), "%s: %d nodes", name, n)
	}
	groups := m.Split(keys)
	require.Len(t, groups, len(places), name)
	for _, g := range groups {
		require.Equal(t, places[g.Node.id], g.Places, name)
		for i, place := range g.Places {
			require.Equal(t, keys[place], g.Keys[i], name)
		}
	}
	return unowned
}

// TestManyKeysAsOne compares every form for many keys with that for one. In a cluster
// some slots have no owner.
func TestManyKeysAsOne(t *testing.T) {
	t.Parallel()
	all := queried(t, prf.HashTag('{', '}'))
	for name, m := range queried(t, nil) {
		all["whole "+name] = m
	}
	murmur := prf.MMH64
	hashed, err := NewPartitions(newMap(t, Modulo(""), equal("a", "b")...), PartitionsConfig[server]{
		ID: server.ID, Partitions: 16, Hash: murmur.Func(prf.Options{}), HashAll: murmur.FuncAll(prf.Options{}),
	})
	require.NoError(t, err)
	all["hashed"], all["nil"], all["no partitions"] = hashed, (*Map[server])(nil), new(Partitions[server])
	all["gap"] = newMap(t, RedisCluster([]Range{{0, 9000, "a"}}), equal("a", "b")...)
	all["murmur"] = newMap(t, Jump("murmur3-64"), equal("a", "b", "c")...)
	all["drained"] = newMap(t, EnvoyMaglev(7), server{"a", 0, 0})
	unowned := 0
	for name, f := range all {
		for _, n := range []int{0, 1, 5, 300} {
			var keys []string
			for i := range n {
				keys = append(keys, fmt.Sprintf("key {user:%d}%d", i/2, i))
			}
			unowned += requireMany(t, name, f.(many), keys)
		}
	}
	assert.Greater(t, unowned, 600, "a key without an owner keeps its place")
}

func TestHashAllMustBeHash(t *testing.T) {
	t.Parallel()
	_, err := NewPartitions(newMap(t, Modulo(""), equal("a")...), PartitionsConfig[server]{
		ID: server.ID, Partitions: 16, Hash: prf.MD5.Func(prf.Options{}), HashAll: prf.SHA1.FuncAll(prf.Options{}),
	})
	require.ErrorIs(t, err, ErrHashAll)
}

func TestManyKeysDoNotAllocate(t *testing.T) {
	keys, hashes, dst := make([]string, 600), make([]uint64, 600), make([]server, 0, 2*600)
	for i := range keys {
		keys[i] = fmt.Sprint("user:", i)
	}
	for name, f := range queried(t, prf.HashTag('{', '}')) {
		m := f.(many)
		t.Run(name, func(t *testing.T) {
			alloctest.None(t, func() { m.SelectAll(dst, keys); m.SelectAllHashes(dst, hashes); m.HashAll(hashes, keys) })
			alloctest.AtMost(t, 1, func() { m.SelectNAll(dst, keys, 2) }) // the numbers of partitions
		})
	}
}
