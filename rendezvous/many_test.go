package rendezvous

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// many is what sets and tables have for many keys.
type many interface {
	Select(key string) (server, bool)
	SelectHash(h uint64) (server, bool)
	SelectN(dst []server, key string, n int) []server
	Hash(key string) uint64

	SelectAll(dst []server, keys []string) []server
	SelectAllBytes(dst []server, keys [][]byte) []server
	SelectAllHashes(dst []server, hashes []uint64) []server
	SelectNAll(dst []server, keys []string, n int) []server
	Split(keys []string) []Group[server]
	HashAll(sums []uint64, keys []string)
}

// requireMany compares every form for many keys with that for one.
func requireMany(t *testing.T, name string, m many, keys []string) {
	t.Helper()
	first := server{"what dst held", 1}
	bytes, hashes := make([][]byte, len(keys)), make([]uint64, len(keys)+1)
	m.HashAll(hashes, keys)
	require.Zero(t, hashes[len(keys)], "%s: a hash beyond the last key", name)
	hashes = hashes[:len(keys)]
	want, wantHashed := []server{first}, []server{first}
	for i, key := range keys {
		bytes[i] = []byte(key)
		require.Equal(t, m.Hash(key), hashes[i], "%s: hash of %q", name, key)
		owner, _ := m.Select(key)
		want = append(want, owner)
		owner, _ = m.SelectHash(hashes[i])
		wantHashed = append(wantHashed, owner)
	}
	require.Equal(t, want, m.SelectAll([]server{first}, keys), name)
	require.Equal(t, want, m.SelectAllBytes([]server{first}, bytes), name)
	require.Equal(t, wantHashed, m.SelectAllHashes([]server{first}, hashes), name)
	for _, n := range []int{-1, 0, 1, 2, 3, 9, 1000} {
		best := []server{first}
		for _, key := range keys {
			best = m.SelectN(best, key, n)
		}
		require.Equal(t, best, m.SelectNAll([]server{first}, keys, n), "%s: %d nodes", name, n)
	}
	requireSplit(t, name, m, keys)
}

// requireSplit checks that every key is in the group of its owner, once, in order.
func requireSplit(t *testing.T, name string, m many, keys []string) {
	t.Helper()
	placed := make([]bool, len(keys))
	previous := ""
	for _, group := range m.Split(keys) {
		require.Greater(t, group.Node.name, previous, name)
		previous = group.Node.name
		require.NotEmpty(t, group.Keys, name)
		require.Len(t, group.Places, len(group.Keys), name)
		require.True(t, slices.IsSorted(group.Places), name)
		for i, place := range group.Places {
			require.Equal(t, keys[place], group.Keys[i], name)
			require.False(t, placed[place], name)
			placed[place] = true
			owner, ok := m.Select(keys[place])
			require.True(t, ok, name)
			require.Equal(t, owner, group.Node, name)
		}
	}
	_, owned := m.Select("")
	for _, ok := range placed {
		require.Equal(t, owned, ok, "%s: every key with an owner is in a group", name)
	}
}

// manyForms adds to forms a hash of many keys, cut keys and drained nodes.
func manyForms() map[string]Config[server] {
	all := forms()
	o := prf.Options{Seed: 7, Key: &[16]byte{1}}
	for _, m := range []prf.Method{prf.SipHash, prf.MMH32, prf.MMH128, prf.SHA256} {
		all[m.String()] = Config[server]{ID: server.Name, Weight: server.Capacity, Hash: m.Func(o), HashAll: m.FuncAll(o)}
		all[m.String()+" cut"] = Config[server]{ID: server.Name, Hash: m.Func(o), HashAll: m.FuncAll(o), Key: prf.HashTag('{', '}')}
	}
	return all
}

// TestManyKeysAsOne has every number of keys around the size of a block, all lengths
// and alignments of keys, and sets of few, of many and of no nodes.
func TestManyKeysAsOne(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	text := make([]byte, 4096)
	for i := range text {
		text[i] = "{}abcdefgh"[rng.IntN(10)]
	}
	draw := func(n int) []string {
		keys := make([]string, n)
		for i := range keys {
			from := rng.IntN(4000)
			keys[i] = string(text)[from : from+rng.IntN(90)]
		}
		return keys
	}
	for name, cfg := range manyForms() {
		for _, nodes := range []int{0, 1, 2, 5, 30, 300} {
			set, err := New(formNodes(nodes), cfg)
			require.NoError(t, err)
			table, err := set.Table(7)
			require.NoError(t, err)
			for _, n := range []int{0, 1, 3, 4, 5, 16, 17, 40} {
				requireMany(t, fmt.Sprintf("%s, %d of %d", name, n, nodes), set, draw(n))
				requireMany(t, fmt.Sprintf("%s table, %d of %d", name, n, nodes), table, draw(n))
			}
			if nodes == 5 {
				for _, n := range []int{255, 256, 257, 600} {
					requireMany(t, name, set, draw(n))
					requireMany(t, name+" table", table, draw(n))
				}
			}
		}
	}
	for _, set := range []*Set[server]{nil, {}} {
		requireMany(t, "no set", set, draw(5))
	}
	for _, table := range []*Table[server]{nil, {}} {
		requireMany(t, "no table", table, draw(5))
	}
}

// TestManyKeysWithAScoreOf0 has a node with the least score, which may be among the best
// only where there are no others.
func TestManyKeysWithAScoreOf0(t *testing.T) {
	t.Parallel()
	hashes := make([]uint64, 16)
	for i := range hashes {
		hashes[i] = uint64(i)
	}
	for _, n := range []int{2, 3, 4} {
		set, err := New(formNodes(n), Config[server]{ID: server.Name})
		require.NoError(t, err)
		for i, h := range hashes {
			set.seeds[i%n] = expand(h).k
			require.Zero(t, expand(h).score(set.seeds[i%n]))
			var want []server
			for _, h := range hashes {
				want = set.appendBest(want, query{hash: h}, n)
			}
			require.Equal(t, want, set.appendBestOfAll(nil, hashes, n))
		}
	}
}

// FuzzManyKeys compares many keys with one, for cuts of a text, over nodes of arbitrary
// weights.
func FuzzManyKeys(f *testing.F) {
	f.Add("user:42 {a}b user:43", 30, 4, 1.0, 2.0)
	f.Add("", 5, 1, 0.0, 1e-300)
	f.Add("xyz", 300, 70, 0.0, 0.0)
	f.Fuzz(func(t *testing.T, text string, n, count int, even, odd float64) {
		keys := make([]string, max(0, n)%600)
		for i := range keys {
			from := i * 5 % (len(text) + 1)
			keys[i] = text[from : from+i*3%(len(text)-from+1)]
		}
		var nodes []server
		for i := range max(0, count) % 80 {
			nodes = append(nodes, server{fmt.Sprint("node ", i), []float64{even, odd}[i%2]})
		}
		for name, cfg := range manyForms() {
			cfg.Weight = server.Capacity
			set, err := New(nodes, cfg)
			if err != nil {
				return
			}
			requireMany(t, name, set, keys)
		}
	})
}

func TestHashAllMustBeHash(t *testing.T) {
	t.Parallel()
	all := prf.SipHash.FuncAll(prf.Options{})
	for _, cfg := range []Config[server]{
		{ID: server.Name, HashAll: all},
		{ID: server.Name, Hash: prf.MD5.Func(prf.Options{}), HashAll: all},
		{ID: server.Name, Hash: prf.SipHash.Func(prf.Options{Key: new([16]byte)}), HashAll: all},
	} {
		_, err := New(formNodes(2), cfg)
		require.ErrorIs(t, err, ErrHashAll)
	}
	same, err := New(formNodes(2), Config[server]{ID: server.Name, Hash: prf.SipHash.Func(prf.Options{}), HashAll: all})
	require.NoError(t, err)
	plain, err := New(formNodes(2), Config[server]{ID: server.Name})
	require.NoError(t, err)
	assert.Equal(t, plain.Checksum(), same.Checksum())
}

func TestManyKeysDoNotAllocate(t *testing.T) {
	var keys []string
	var bytes [][]byte
	for i := range 700 {
		keys = append(keys, fmt.Sprintf("some {user:%d}", i))
		bytes = append(bytes, []byte(keys[i]))
	}
	hashes := make([]uint64, len(keys))
	dst := make([]server, 0, 3*len(keys))
	for name, cfg := range manyForms() {
		set, err := New(formNodes(21), cfg)
		require.NoError(t, err)
		table, err := set.Table(8)
		require.NoError(t, err)
		for _, m := range []many{set, table} {
			t.Run(name, func(t *testing.T) {
				alloctest.None(t, func() { m.SelectAll(dst, keys) })
				alloctest.None(t, func() { m.SelectAllBytes(dst, bytes) })
				alloctest.None(t, func() { m.SelectAllHashes(dst, hashes) })
				alloctest.None(t, func() { m.SelectNAll(dst, keys, 3) })
				alloctest.None(t, func() { m.HashAll(hashes, keys) })
			})
		}
	}
}
