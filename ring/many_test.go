package ring

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// requireMany compares every form for many keys with that for one.
func requireMany(t *testing.T, r *Ring[string], keys []string) {
	t.Helper()
	name := "no ring"
	if r != nil && r.layout != nil {
		name = r.layout.String()
	}
	bytes, hashes := make([][]byte, len(keys)), make([]uint64, len(keys)+1)
	r.HashAll(hashes, keys)
	require.Zero(t, hashes[len(keys)], "%s: a hash beyond the last key", name)
	hashes = hashes[:len(keys)]
	want := []string{"first"}
	for i, key := range keys {
		bytes[i] = []byte(key)
		require.Equal(t, r.Hash(key), hashes[i], "%s: hash of %q", name, key)
		owner, _ := r.Select(key)
		want = append(want, owner)
	}
	require.Equal(t, want, r.SelectAll([]string{"first"}, keys), name)
	require.Equal(t, want, r.SelectAllBytes([]string{"first"}, bytes), name)
	require.Equal(t, want, r.SelectAllHashes([]string{"first"}, hashes), name)
	for _, n := range []int{-1, 0, 1, 2, 17, 1000} {
		best := []string{"first"}
		for _, key := range keys {
			best = r.SelectN(best, key, n)
		}
		require.Equal(t, best, r.SelectNAll([]string{"first"}, keys, n), "%s: %d nodes", name, n)
	}
	placed, previous := make([]bool, len(keys)), ""
	for _, group := range r.Split(keys) {
		require.Greater(t, group.Node, previous, name)
		previous = group.Node
		require.NotEmpty(t, group.Keys, name)
		require.True(t, slices.IsSorted(group.Places), name)
		for i, place := range group.Places {
			require.Equal(t, keys[place], group.Keys[i], name)
			require.Equal(t, want[place+1], group.Node, name)
			require.False(t, placed[place], name)
			placed[place] = true
		}
	}
	for _, ok := range placed {
		require.Equal(t, r.owners() > 0, ok, "%s: every key with an owner is in a group", name)
	}
}

func drawKeys(rng *rand.Rand, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		b := make([]byte, rng.IntN(60))
		for j := range b {
			b[j] = "{}abcdefgh"[rng.IntN(10)]
		}
		keys[i] = string(b)
	}
	return keys
}

// manyRings has rings of every layout, with hashes of many keys and without, whole
// and cut keys.
func manyRings(t *testing.T, nodes int) (rings []*Ring[string]) {
	t.Helper()
	o := prf.Options{Seed: -5}
	cfgs := []Config[string]{
		{Hash: prf.MMH32.Func(o), HashAll: prf.MMH32.FuncAll(o)},
		{Hash: prf.MD5.Func(o)},
		{Hash: prf.MMH64.Func(o), HashAll: prf.MMH64.FuncAll(o), Layout: Ketama(KetamaDefault)}, // of 32 bits
	}
	for _, layout := range append(allLayouts(), HAProxy("crc32"), Twemproxy("md5"), KetamaHash("crc"), Custom(Settings{
		Label: "{id}-{i}", PointHash: "murmur3-32", Points: "each(40)", KeyHash: "murmur3-32", Lookup: "nearest",
	})) {
		cfgs = append(cfgs, Config[string]{Layout: layout})
	}
	for _, cfg := range cfgs {
		cfg.ID = self
		for _, cut := range []func(string) string{nil, prf.HashTag('{', '}')} {
			cfg.Key = cut
			r, err := New(queryIDs(nodes), cfg)
			require.NoError(t, err)
			rings = append(rings, r)
		}
	}
	return rings
}

func TestManyKeysAsOne(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	for _, nodes := range []int{0, 1, 2, 40} {
		for _, r := range manyRings(t, nodes) {
			for _, n := range []int{0, 1, 3, 17, 60} {
				requireMany(t, r, drawKeys(rng, n))
			}
		}
	}
	r, err := Of(queryIDs(30)...)
	require.NoError(t, err)
	edited, err := r.Without("10.0.0.3:80")
	require.NoError(t, err)
	for _, n := range []int{255, 256, 257, 700} {
		requireMany(t, r, drawKeys(rng, n))
		requireMany(t, edited, drawKeys(rng, n))
	}
	requireMany(t, nil, drawKeys(rng, 5))
	requireMany(t, new(Ring[string]), drawKeys(rng, 5))
}

// FuzzManyKeys compares many keys with one, for cuts of a text.
func FuzzManyKeys(f *testing.F) {
	f.Add("user:42 {a}b user:43", 30, 4)
	f.Add("", 5, 1)
	f.Add("xyz", 300, 70)
	f.Fuzz(func(t *testing.T, text string, n, nodes int) {
		keys := make([]string, max(0, n)%600)
		for i := range keys {
			from := i * 5 % (len(text) + 1)
			keys[i] = text[from : from+i*3%(len(text)-from+1)]
		}
		for _, r := range manyRings(t, max(0, nodes)%50)[:8] {
			requireMany(t, r, keys)
		}
	})
}

func TestHashAllMustBeHash(t *testing.T) {
	t.Parallel()
	all := prf.SipHash.FuncAll(prf.Options{})
	for _, cfg := range []Config[string]{{HashAll: all}, {Hash: prf.MD5.Func(prf.Options{}), HashAll: all}} {
		cfg.ID = self
		_, err := New(queryIDs(2), cfg)
		require.ErrorIs(t, err, ErrHashAll)
	}
	same, err := New(queryIDs(2), Config[string]{ID: self, Hash: defaultHash, HashAll: all})
	require.NoError(t, err)
	plain, err := Of(queryIDs(2)...)
	require.NoError(t, err)
	assert.Equal(t, plain.Checksum(), same.Checksum())
}

func TestManyKeysDoNotAllocate(t *testing.T) {
	keys := drawKeys(rand.New(rand.NewPCG(5, 5)), 700)
	bytes, hashes := make([][]byte, len(keys)), make([]uint64, len(keys))
	for i, key := range keys {
		bytes[i] = []byte(key)
	}
	dst := make([]string, 0, 3*len(keys))
	for _, r := range manyRings(t, 30) {
		t.Run(r.layout.String(), func(t *testing.T) {
			alloctest.None(t, func() { r.SelectAll(dst, keys) })
			alloctest.None(t, func() { r.SelectAllBytes(dst, bytes) })
			alloctest.None(t, func() { r.SelectAllHashes(dst, hashes) })
			alloctest.None(t, func() { r.SelectNAll(dst, keys, 3) })
			alloctest.None(t, func() { r.HashAll(hashes, keys) })
		})
	}
}
