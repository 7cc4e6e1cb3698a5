package rendezvous

import (
	"math"
	"math/rand/v2"
	"testing"
)

// weightKinds return weights that are alike, unlike and extreme.
var weightKinds = []func(rng *rand.Rand) float64{
	func(rng *rand.Rand) float64 { return float64(1 + rng.IntN(4)) },
	func(rng *rand.Rand) float64 { return rng.Float64() + 0.5 },
	func(rng *rand.Rand) float64 { return 1 + float64(rng.IntN(3))*0x1p-52 },
	func(rng *rand.Rand) float64 { return math.Ldexp(1, rng.IntN(1700)-1074) },
	func(rng *rand.Rand) float64 { return math.Ldexp(rng.Float64()+0.5, -1000) },
}

// requireAllWeighted compares bestWeightedAll with bestWeighted for random hashes.
func requireAllWeighted(t *testing.T, rng *rand.Rand, seeds []uint64, weights []float64, hashes int) {
	t.Helper()
	for i := range weights {
		weights[i] *= weightScale
	}
	all := make([]uint64, hashes)
	for i := range all {
		all[i] = rng.Uint64()
	}
	at := make([]uint32, hashes+1)
	bestWeightedAll(at[:hashes], all, seeds, weights, inverses(weights))
	for i, h := range all {
		if want := expand(h).bestWeighted(seeds, weights); int(at[i]) != want {
			t.Fatalf("hash %d of %d over %d nodes: %d, want %d", i, hashes, len(seeds), at[i], want)
		}
	}
	if at[hashes] != 0 {
		t.Fatal("a result beyond the last")
	}
}

// TestManyWeighted has some equal seeds, so that scores of different weights, and of
// equal ones, tie.
func TestManyWeighted(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	for nodes := 1; nodes < 200; nodes++ {
		for _, weight := range weightKinds {
			seeds, weights := make([]uint64, nodes), make([]float64, nodes)
			for i := range seeds {
				seeds[i], weights[i] = rng.Uint64(), weight(rng)
			}
			for range nodes / 3 {
				seeds[rng.IntN(nodes)] = seeds[rng.IntN(nodes)]
			}
			requireAllWeighted(t, rng, seeds, weights, rng.IntN(40))
		}
	}
	requireAllWeighted(t, rng, []uint64{1, 2, 3}, []float64{1, 2, 3}, 1000)
}

func FuzzManyWeighted(f *testing.F) {
	f.Add(uint64(1), 10, 20, 1.0, 2.0)
	f.Add(uint64(2), 300, 5, 5e-324, 1e200)
	f.Fuzz(func(t *testing.T, state uint64, nodes, hashes int, low, high float64) {
		if !(low > 0 && low <= 1e200 && high > 0 && high <= 1e200) {
			t.Skip("no weights")
		}
		rng := rand.New(rand.NewPCG(state, 0))
		seeds, weights := make([]uint64, 1+max(0, nodes)%400), make([]float64, 1+max(0, nodes)%400)
		for i := range seeds {
			seeds[i], weights[i] = rng.Uint64()>>(state%60), low
			if rng.IntN(2) == 0 {
				weights[i] = high
			}
		}
		requireAllWeighted(t, rng, seeds, weights, max(0, hashes)%300)
	})
}
