package rendezvous

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainBest is the definition of best: the first of the greatest scores.
func plainBest(x mixer, seeds []uint64) int {
	best := 0
	for i, seed := range seeds {
		if x.score(seed) > x.score(seeds[best]) {
			best = i
		}
	}
	return best
}

// TestEveryFormOfBestAgrees covers every length at which a loop can end.
func TestEveryFormOfBestAgrees(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(4, 4))
	for n := 1; n < 700; n++ {
		seeds := make([]uint64, n)
		for i := range seeds {
			seeds[i] = rng.Uint64()
		}
		for range 50 {
			x := expand(rng.Uint64())
			want := plainBest(x, seeds)
			require.Equal(t, want, x.best(seeds), "best of %d", n)
			require.Equal(t, want, x.bestScalar(seeds), "bestScalar of %d", n)
			if n >= block {
				require.Equal(t, want, x.bestInBlocks(seeds), "bestInBlocks of %d", n)
			}
		}
	}
}

// TestSmallerIDWinsATie repeats the winning seed, which a hash practically never
// does.
func TestSmallerIDWinsATie(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{2, 3, 9, 33, 64, 100, 193, 500} {
		for range 500 {
			seeds := make([]uint64, n)
			for i := range seeds {
				seeds[i] = rng.Uint64()
			}
			x := expand(rng.Uint64())
			winner := seeds[plainBest(x, seeds)]
			seeds[rng.IntN(n)], seeds[rng.IntN(n)] = winner, winner
			want := slices.Index(seeds, winner)
			require.Equal(t, want, x.best(seeds), "best of %d", n)
			require.Equal(t, want, x.bestScalar(seeds), "bestScalar of %d", n)
		}
	}
}

func TestBestOfZeroScores(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 40, 300} {
		seeds := slices.Repeat([]uint64{5}, n)
		x := mixer{k: 5, m: 1}
		assert.Zero(t, x.best(seeds), "of %d", n)
		assert.Zero(t, x.bestScalar(seeds), "of %d", n)
	}
}

// FuzzBest compares every form of best with the definition for every length.
func FuzzBest(f *testing.F) {
	f.Add(uint64(1), uint64(2), 33)
	f.Add(uint64(0), uint64(0), 1000)
	f.Fuzz(func(t *testing.T, state, h uint64, n int) {
		n = 1 + max(0, n)%2000
		rng := rand.New(rand.NewPCG(state, 0))
		seeds := make([]uint64, n)
		for i := range seeds {
			seeds[i] = rng.Uint64() >> (state % 60)
		}
		x := expand(h)
		want := plainBest(x, seeds)
		if got := x.best(seeds); got != want {
			t.Fatalf("best of %d seeds is %d, want %d", n, got, want)
		}
		if got := x.bestScalar(seeds); got != want {
			t.Fatalf("bestScalar of %d seeds is %d, want %d", n, got, want)
		}
	})
}
