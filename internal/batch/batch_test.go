package batch_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/batch"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// function is a hash function for many keys, and for one.
type function struct {
	name string
	many func(sums []uint64, keys []string) bool
	one  func(key string) uint64
}

var key = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// functions are those of the package under parameters that use all their bits.
var functions = []function{
	{
		"siphash",
		func(sums []uint64, keys []string) bool {
			return batch.SipHash(sums, keys, 0x0807060504030201, 0x100f0e0d0c0b0a09)
		},
		prf.SipHash.Func(prf.Options{Key: &key}),
	},
	{
		"mmh3_32",
		func(sums []uint64, keys []string) bool { return batch.Murmur32(sums, keys, 0xfedcba98) },
		prf.MMH32.Func(prf.Options{Seed: -0x1234568}),
	},
	{
		"mmh3_64",
		func(sums []uint64, keys []string) bool {
			return batch.Murmur128(sums, make([]uint64, len(sums)), keys, 0xfedcba98)
		},
		prf.MMH64.Func(prf.Options{Seed: -0x1234568}),
	},
	{
		"mmh3_128",
		func(sums []uint64, keys []string) bool {
			high := make([]uint64, len(sums))
			if !batch.Murmur128(sums, high, keys, 0xfedcba98) {
				return false
			}
			for i := range sums {
				sums[i] ^= high[i]
			}
			return true
		},
		prf.MMH128.Func(prf.Options{Seed: -0x1234568}),
	},
}

// require checks the hashes of the keys. It skips the test on a processor without
// vector instructions.
func (f function) require(t *testing.T, keys []string) {
	t.Helper()
	if !batch.HaveHashes() {
		t.Skip("this processor has no vector instructions for it")
	}
	sums := make([]uint64, len(keys)+1)
	require.True(t, f.many(sums[:len(keys)], keys), "%s of %d keys", f.name, len(keys))
	for i, k := range keys {
		if want := f.one(k); sums[i] != want {
			t.Fatalf("%s of key %d of %d, %d bytes long: %x, want %x", f.name, i, len(keys), len(k), sums[i], want)
		}
	}
	require.Zero(t, sums[len(keys)], "a result beyond the last")
}

func randomKey(rng *rand.Rand, size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return string(b)
}

// TestEveryLength hashes keys of one length, and of mixed lengths up to it.
func TestEveryLength(t *testing.T) {
	t.Parallel()
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 1))
			for size := range 300 {
				same, mixed := make([]string, 21), make([]string, 40)
				for i := range same {
					same[i] = randomKey(rng, size)
				}
				for i := range mixed {
					mixed[i] = randomKey(rng, rng.IntN(size+1))
				}
				f.require(t, same)
				f.require(t, mixed)
			}
			f.require(t, []string{"", randomKey(rng, 1<<20), "a", randomKey(rng, 65535)})
		})
	}
}

// TestEveryNumberOfKeys covers every way in which groups can end.
func TestEveryNumberOfKeys(t *testing.T) {
	t.Parallel()
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(2, 2))
			for n := 4; n < 100; n++ {
				keys := make([]string, n)
				for i := range keys {
					keys[i] = randomKey(rng, rng.IntN(40))
				}
				f.require(t, keys)
			}
		})
	}
}

func TestTooFewKeys(t *testing.T) {
	t.Parallel()
	for _, f := range functions {
		assert.False(t, f.many(nil, nil), f.name)
		assert.False(t, f.many(make([]uint64, 1), []string{"a"}), f.name)
	}
	assert.False(t, batch.Best(nil, nil, []uint64{1}))
	assert.False(t, batch.Best(make([]uint32, 16), make([]uint64, 16), nil), "no seeds")
}

// TestEnoughKeys has four keys or hashes, from which on the vector forms are worth it, and as
// many seeds as they need at least.
func TestEnoughKeys(t *testing.T) {
	t.Parallel()
	hashes, seeds := make([]uint64, 4), []uint64{1, 2}
	if !batch.HaveBest() {
		t.Skip("this processor has no vector instructions for it")
	}
	at, next, inverse := make([]uint32, 16), make([]float64, 4), []float64{1, 1}
	assert.True(t, batch.Best(at[:4], hashes, seeds))
	assert.True(t, batch.Best(at[:4], hashes, seeds[:1]))
	assert.False(t, batch.Best(at[:3], hashes[:3], seeds))
	assert.True(t, batch.Bound(at[:4], next, hashes, seeds, inverse))
	assert.True(t, batch.Bound(at[:4], next, hashes, seeds[:1], inverse[:1]))
	assert.False(t, batch.Bound(at[:3], next[:3], hashes[:3], seeds, inverse))
	assert.False(t, batch.Bound(at[:4], next, hashes, nil, nil))
	assert.True(t, batch.Few(at, hashes, seeds, 2))
	assert.False(t, batch.Few(at, hashes[:3], seeds, 2), "few hashes")
	assert.False(t, batch.Few(at, hashes, seeds, 1), "one node")
	assert.False(t, batch.Few(at, hashes, seeds, 3), "too few seeds")
	assert.False(t, batch.Few(make([]uint32, 36), hashes, make([]uint64, 9), 9), "too many nodes")
	for n := 2; n <= 4; n++ {
		assert.True(t, batch.Few(at, hashes, make([]uint64, n), n), "%d nodes", n)
	}
	bounds := func(hashes, seeds, n int) bool {
		return batch.FewBounds(at, make([]float64, 4), make([]uint64, hashes), make([]uint64, seeds), slices.Repeat([]float64{1}, seeds), n)
	}
	assert.False(t, bounds(3, 3, 2), "few hashes")
	assert.False(t, bounds(4, 3, 1), "one node")
	assert.False(t, bounds(4, 2, 2), "too few seeds")
	assert.False(t, bounds(4, 9, 5), "too many nodes")
	assert.Equal(t, batch.HaveFewBounds(), bounds(4, 3, 2))
	assert.Equal(t, batch.HaveFewBounds(), bounds(4, 5, 4))
}

// plainBest is the definition of Best: the first of the greatest scores.
func plainBest(h uint64, seeds []uint64) (at uint32) {
	k := prf.Finalize(h)
	m := prf.Finalize(k+0x9e3779b97f4a7c15) | 1
	top := (seeds[0] ^ k) * m
	for i, seed := range seeds {
		if score := (seed ^ k) * m; score > top {
			at, top = uint32(i), score
		}
	}
	return at
}

func requireBest(t *testing.T, hashes, seeds []uint64) {
	t.Helper()
	at := make([]uint32, len(hashes)+1)
	if !batch.HaveBest() {
		t.Skip("this processor has no vector instructions for it")
	}
	require.True(t, batch.Best(at[:len(hashes)], hashes, seeds))
	for i, h := range hashes {
		if want := plainBest(h, seeds); at[i] != want {
			t.Fatalf("best of %d seeds for hash %d of %d: %d, want %d", len(seeds), i, len(hashes), at[i], want)
		}
	}
	require.Zero(t, at[len(hashes)], "a result beyond the last")
}

// TestBest repeats seeds, which a hash practically never does, so that scores tie.
func TestBest(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	for nodes := 1; nodes < 300; nodes++ {
		seeds := make([]uint64, nodes)
		for i := range seeds {
			seeds[i] = rng.Uint64()
		}
		for range nodes / 2 {
			seeds[rng.IntN(nodes)] = seeds[rng.IntN(nodes)]
		}
		hashes := make([]uint64, 4+rng.IntN(60))
		for i := range hashes {
			hashes[i] = rng.Uint64()
		}
		requireBest(t, hashes, seeds)
	}
}

// TestBestOfZeroScores: the first of several scores of 0 is the best, too.
func TestBestOfZeroScores(t *testing.T) {
	t.Parallel()
	requireBest(t, make([]uint64, 20), []uint64{0, 0, 0}) // Finalize(0) is 0
}

// requireFew compares Few with its definition. It reports false if the processor has
// no vector instructions for n nodes.
func requireFew(t *testing.T, hashes, seeds []uint64, n int) bool {
	t.Helper()
	at := make([]uint32, len(hashes)*n+1)
	if !batch.Few(at, hashes, seeds, n) {
		return false
	}
	for i, h := range hashes {
		k := prf.Finalize(h)
		m := prf.Finalize(k+0x9e3779b97f4a7c15) | 1
		score := func(i int) uint64 { return (seeds[i] ^ k) * m }
		want := make([]int, len(seeds))
		for j := range want {
			want[j] = j
		}
		slices.SortStableFunc(want, func(i, j int) int { return cmp.Compare(score(j), score(i)) })
		for r, got := range at[i*n : i*n+n] {
			if got == batch.None && score(want[r]) == 0 {
				continue
			}
			if int(got) != want[r] {
				t.Fatalf("place %d of %d seeds for hash %d of %d: %d, want %d", r, len(seeds), i, len(hashes), got, want[r])
			}
		}
	}
	require.Zero(t, at[len(hashes)*n], "a result beyond the last")
	return true
}

// TestFew repeats seeds, so that scores tie, and has more nodes than are scored
// without branches.
func TestFew(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 5))
	most := 0
	for nodes := 2; nodes < 300; nodes += 1 + nodes/16 {
		seeds, hashes := make([]uint64, nodes), make([]uint64, 4+rng.IntN(90))
		for i := range seeds {
			seeds[i] = rng.Uint64()
		}
		for range nodes / 4 {
			seeds[rng.IntN(nodes)] = seeds[rng.IntN(nodes)]
		}
		for i := range hashes {
			hashes[i] = rng.Uint64()
		}
		for n := 2; n <= min(nodes, batch.MaxFew); n++ {
			if requireFew(t, hashes, seeds, n) {
				most = max(most, n)
			}
		}
	}
	if most == 0 {
		t.Skip("this processor has no vector instructions for it")
	}
	t.Logf("up to %d nodes", most)
	requireFew(t, make([]uint64, 5), []uint64{0, 1, 0}, 3) // Finalize(0) is 0
}

// TestBound compares products that differ only in the rounding of float64, which is
// the same in Go.
func TestBound(t *testing.T) {
	t.Parallel()
	if !batch.HaveBest() {
		t.Skip("this processor has no vector instructions for it")
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for nodes := 1; nodes < 200; nodes++ {
		seeds, inverse := make([]uint64, nodes), make([]float64, nodes)
		for i := range seeds {
			seeds[i], inverse[i] = rng.Uint64(), math.Ldexp(1+rng.Float64(), rng.IntN(1500)-900)
			if nodes%3 == 0 {
				inverse[i] = 1 / float64(1+rng.IntN(4))
			}
		}
		hashes := make([]uint64, 4+rng.IntN(60))
		for i := range hashes {
			hashes[i] = rng.Uint64()
		}
		at, next := make([]uint32, len(hashes)), make([]float64, len(hashes))
		require.True(t, batch.Bound(at, next, hashes, seeds, inverse))
		for i, h := range hashes {
			k := prf.Finalize(h)
			m := prf.Finalize(k+0x9e3779b97f4a7c15) | 1
			best, first, second := uint32(0), math.Inf(1), math.Inf(1)
			for j, seed := range seeds {
				q := float64(^((seed^k)*m)>>12) * inverse[j]
				if q < first {
					best, first, second = uint32(j), q, first
				} else {
					second = min(second, q)
				}
			}
			require.Equal(t, best, at[i], "of %d seeds", nodes)
			require.Equal(t, second, next[i], "of %d seeds", nodes)
		}
	}
}

// TestFewBounds compares as TestBound does.
func TestFewBounds(t *testing.T) {
	t.Parallel()
	if !batch.HaveFewBounds() {
		t.Skip("this processor has no vector instructions for it")
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for nodes := 3; nodes < 250; nodes += 1 + nodes/20 {
		seeds, inverse := make([]uint64, nodes), make([]float64, nodes)
		for i := range seeds {
			seeds[i], inverse[i] = rng.Uint64(), math.Ldexp(1+rng.Float64(), rng.IntN(1500)-900)
			if nodes%3 != 0 {
				inverse[i] = 1 / float64(1+rng.IntN(4))
			}
		}
		hashes := make([]uint64, 4+rng.IntN(90))
		for i := range hashes {
			hashes[i] = rng.Uint64()
		}
		for n := 2; n <= min(nodes-1, batch.MaxFewBounds); n++ {
			at, next := make([]uint32, n*len(hashes)), make([]float64, len(hashes))
			require.True(t, batch.FewBounds(at, next, hashes, seeds, inverse, n))
			for i, h := range hashes {
				k := prf.Finalize(h)
				m := prf.Finalize(k+0x9e3779b97f4a7c15) | 1
				q, order := make([]float64, nodes), make([]int, nodes)
				for j, seed := range seeds {
					q[j], order[j] = float64(^((seed^k)*m)>>12)*inverse[j], j
				}
				slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(q[i], q[j]) })
				for r := range n {
					require.Equal(t, order[r], int(at[i*n+r]), "place %d of %d seeds", r, nodes)
				}
				require.Equal(t, q[order[n]], next[i], "of %d seeds", nodes)
			}
		}
	}
}

// FuzzHashes hashes cuts of a text. The first byte of a piece is its length.
func FuzzHashes(f *testing.F) {
	f.Add("", 4)
	f.Add("The quick brown fox jumps over the lazy dog", 17)
	f.Fuzz(func(t *testing.T, text string, n int) {
		keys := make([]string, 4+max(0, n)%60)
		for i := range keys {
			from := 0
			if len(text) > 0 {
				from = (i * 7) % len(text)
			}
			to := from
			if len(text) > from {
				to += (int(text[from]) + i) % (len(text) - from + 1)
			}
			keys[i] = text[from:to]
		}
		for _, h := range functions {
			h.require(t, keys)
		}
	})
}

// FuzzBest compares Best with its definition, also where few bits of the seeds
// differ.
func FuzzBest(f *testing.F) {
	f.Add(uint64(1), uint64(2), 10, 16)
	f.Add(uint64(0), uint64(0), 300, 5)
	f.Fuzz(func(t *testing.T, state, h uint64, nodes, n int) {
		rng := rand.New(rand.NewPCG(state, 0))
		seeds := make([]uint64, 1+max(0, nodes)%500)
		for i := range seeds {
			seeds[i] = rng.Uint64() >> (state % 64)
		}
		hashes := make([]uint64, 4+max(0, n)%70)
		for i := range hashes {
			hashes[i] = h + uint64(i)*(state|1)
		}
		requireBest(t, hashes, seeds)
	})
}

func TestNoAllocations(t *testing.T) {
	keys := []string{"one", "two", "three", "four", "five"}
	sums, at := make([]uint64, len(keys)), make([]uint32, 2*len(keys))
	next := make([]float64, len(keys))
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		batch.SipHash(sums, keys, 1, 2)
		batch.Murmur32(sums, keys, 1)
		batch.Murmur128(sums, sums, keys, 1)
		batch.Best(at[:len(keys)], sums, sums)
		batch.Few(at, sums, sums, 2)
		batch.FewBounds(at, next, sums, sums, next, 2)
	}))
}
