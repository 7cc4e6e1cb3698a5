package rendezvous

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainFew is the definition of bestFew: the first n of all candidates, sorted.
func plainFew(x mixer, seeds []uint64, n int) []candidate {
	all := make([]candidate, len(seeds))
	for i, seed := range seeds {
		all[i] = candidate{raw: x.score(seed), index: int32(i)}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		if a.beats(b) {
			return -1
		}
		return 1
	})
	return all[:n]
}

// everyFew calls every form of bestFew.
func everyFew(x mixer, seeds []uint64, n int) map[string][]candidate {
	any, scalar := make([]candidate, n), make([]candidate, n)
	x.bestFew(any, seeds)
	x.bestFewScalar(scalar, seeds)
	return map[string][]candidate{"bestFew": any, "bestFewScalar": scalar}
}

func TestEveryFormOfBestFewAgrees(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(6, 6))
	for size := 1; size < 400; size++ {
		seeds := make([]uint64, size)
		for i := range seeds {
			seeds[i] = rng.Uint64()
		}
		for n := 1; n <= min(few, size); n++ {
			x := expand(rng.Uint64())
			want := plainFew(x, seeds, n)
			for form, got := range everyFew(x, seeds, n) {
				require.Equal(t, want, got, "%s: %d of %d", form, n, size)
			}
		}
	}
}

func TestFewAmongTies(t *testing.T) {
	t.Parallel()
	for _, pattern := range [][]uint64{{5, 5, 7}, {5}} { // the seed 5 has the score 0 if k is 5
		for _, size := range []int{8, 16, 32, 33, 48, 100} {
			seeds := slices.Repeat(pattern, size)[:size]
			for _, x := range []mixer{{k: 5, m: 1}, expand(1), expand(2)} {
				want := plainFew(x, seeds, few)
				for form, got := range everyFew(x, seeds, few) {
					assert.Equal(t, want, got, "%s of %d seeds %v", form, size, pattern)
				}
			}
		}
	}
}

// FuzzFew compares every form of bestFew with the definition for every length.
func FuzzFew(f *testing.F) {
	f.Add(uint64(1), uint64(2), 33, 3)
	f.Add(uint64(0), uint64(0), 1000, 8)
	f.Fuzz(func(t *testing.T, state, h uint64, size, n int) {
		size = 1 + max(0, size)%2000
		n = 1 + max(0, n)%min(few, size)
		rng := rand.New(rand.NewPCG(state, 0))
		seeds := make([]uint64, size)
		for i := range seeds {
			seeds[i] = rng.Uint64() >> (state % 60)
		}
		x := expand(h)
		want := plainFew(x, seeds, n)
		for form, got := range everyFew(x, seeds, n) {
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %d of %d seeds are %v, want %v", form, n, size, got, want)
			}
		}
	})
}
