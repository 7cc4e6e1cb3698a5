package rendezvous

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/batch"
	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/internal/testkit/shortrun"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// mixedWeights returns n nodes of several weights, some of them drained.
func mixedWeights(n int) []server {
	nodes := numbered("server", n)
	for i := range nodes {
		nodes[i].capacity = []float64{1, 0.25, 3, 0, 1e-9, 20}[i%6]
	}
	return nodes
}

func TestOrderOfInputDoesNotMatter(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	for name, nodes := range map[string][]server{
		"equal weights": numbered("server", 23),
		"mixed weights": mixedWeights(23),
	} {
		t.Run(name, func(t *testing.T) {
			want := newSet(t, nodes, byCapacity)
			for range 1000 {
				got := newSet(t, shuffled(rng, nodes), byCapacity)
				require.Equal(t, want.Checksum(), got.Checksum())
				key := strconv.FormatUint(rng.Uint64(), 36)
				require.Equal(t, slices.Collect(want.Rank(key)), slices.Collect(got.Rank(key)), key)
			}
		})
	}
}

// TestVerbsAgree compares every fast path with the definition: all scores,
// sorted.
func TestVerbsAgree(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(2, 2))
	for n := range 70 {
		for name, nodes := range map[string][]server{
			"equal": numbered("s", n), "mixed": mixedWeights(n),
		} {
			s := newSet(t, nodes, byCapacity)
			for range shortrun.Few(20) {
				key := strconv.FormatUint(rng.Uint64(), 36)
				want := sortedByDefinition(s, key)
				require.Equal(t, want, slices.AppendSeq([]server{}, s.Rank(key)), "%s n=%d %q", name, n, key)
				for k := range len(want) + 1 {
					require.Equal(t, want[:k], append([]server{}, s.SelectN(nil, key, k)...), "%s n=%d k=%d %q", name, n, k, key)
				}
				if owner, ok := s.Select(key); assert.Equal(t, len(want) > 0, ok) && ok {
					require.Equal(t, want[0], owner, "%s n=%d %q", name, n, key)
				}
			}
		}
	}
}

func sortedByDefinition(s *Set[server], key string) []server {
	x := expand(s.hash(key))
	var all []candidate
	for i, n := range s.live {
		c := candidate{raw: x.score(seedOf(n.name, s.hash)), index: int32(i)}
		if s.weights != nil {
			c.value = weigh(c.raw, n.capacity)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b candidate) int {
		if a.beats(b) {
			return -1
		}
		return 1
	})
	out := []server{}
	for _, c := range all {
		out = append(out, s.live[c.index])
	}
	return out
}

// TestEqualWeightsRankLikeNone compares the weighted order under equal weights
// with the unweighted one.
func TestEqualWeightsRankLikeNone(t *testing.T) {
	t.Parallel()
	s := newSet(t, numbered("server", 50), byCapacity)
	for i := range shortrun.Few(20_000) {
		key := "key" + strconv.Itoa(i)
		x := expand(s.hash(key))
		want := x.best(s.seeds)
		for _, w := range []float64{1, 3, 0.1, 1e-200, 1e200, math.SmallestNonzeroFloat64} {
			weights := slices.Repeat([]float64{w}, 50)
			require.Equal(t, want, x.bestWeighted(s.seeds, weights), "weight %v key %q", w, key)
		}
	}
}

// TestBoundExcludesNoWinner compares bestWeighted with taking every logarithm.
func TestBoundExcludesNoWinner(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{1, 2, 3, 10, 100, 1000} {
		seeds, weights := make([]uint64, n), make([]float64, n)
		for i := range seeds {
			seeds[i], weights[i] = rng.Uint64(), math.Exp(rng.NormFloat64()*3)
		}
		for range shortrun.Few(200_000) / n {
			x := expand(rng.Uint64())
			best := candidate{value: -1}
			for i, seed := range seeds {
				c := candidate{value: weigh(x.score(seed), weights[i]), raw: x.score(seed), index: int32(i)}
				if c.beats(best) {
					best = c
				}
			}
			require.Equal(t, int(best.index), x.bestWeighted(seeds, weights), "n=%d", n)
		}
	}
}

// TestBoundExcludesNoCloseWinner gives bestWeighted and its forms scores made for
// their bound: the lighter node has the greatest raw score, and the heavier one wins or
// loses by a part of its value that is smaller than a billionth. The bound is sharpest
// for raw scores near 2^64-2^38, where it exceeds the value by 2^-26.
func TestBoundExcludesNoCloseWinner(t *testing.T) {
	t.Parallel()
	const hash = 12345
	x := expand(hash)
	inverse := x.m // of x.m modulo 2^64, by Newton's method
	for range 6 {
		inverse *= 2 - x.m*inverse
	}
	seedFor := func(raw uint64) uint64 { return raw*inverse ^ x.k }
	for exponent := 20; exponent <= 34; exponent++ {
		light := ^uint64(0) - 1<<(exponent+11) // the heavy one is twice as far from the end
		heavy := ^uint64(0) - 1<<(exponent+12)
		require.Equal(t, light, x.score(seedFor(light)))
		for _, excess := range []float64{1e-9, 1e-11, 1e-13, 1e-14, -1e-9, -1e-11, -1e-13, -1e-14} {
			weight := weigh(light, 1) / weigh(heavy, 1) * (1 + excess)
			want := 1
			if excess > 0 {
				want = 2
			}
			require.Equal(t, excess > 0, weigh(heavy, weight) > weigh(light, 1))
			seeds := []uint64{seedFor(5), seedFor(light), seedFor(heavy)}
			weights := []float64{1e-9, 1, weight}
			require.Equal(t, want, x.bestWeighted(seeds, weights), "2^%d, excess %g", exponent, excess)
			var all [4]uint32
			bestWeightedAll(all[:], []uint64{hash, hash, hash, hash}, seeds, weights, inverses(weights))
			require.Equal(t, slices.Repeat([]uint32{uint32(want)}, 4), all[:], "2^%d, excess %g", exponent, excess)
			weights[0] = 1e15 // the first of two, so that the other nodes compete for the second place
			var kept [2]candidate
			x.bestFewWeighted(kept[:], seeds, weights)
			require.Equal(t, []int32{0, int32(want)}, []int32{kept[0].index, kept[1].index}, "2^%d, excess %g", exponent, excess)
			var pairs [2 * len(all)]uint32
			if bestFewWeightedAll(pairs[:], []uint64{hash, hash, hash, hash}, seeds, weights, inverses(weights), 2) && pairs[1] != batch.None {
				require.Equal(t, slices.Repeat([]uint32{0, uint32(want)}, len(all)), pairs[:], "2^%d, excess %g", exponent, excess)
			}
		}
	}
}

// TestOnlyNeededMoves: keys move only to a node that joins or from one that
// leaves, and a change of weight moves keys only to or from its node.
func TestOnlyNeededMoves(t *testing.T) {
	t.Parallel()
	heavier := numbered("server", 30)
	heavier[7].capacity = 2.5
	drained := numbered("server", 30)
	drained[7].capacity = 0
	for _, tt := range []struct {
		name   string
		before []server
		after  []server
		mover  string
	}{
		{"join", numbered("server", 30), numbered("server", 31), "server30"},
		{"leave", numbered("server", 31), numbered("server", 30), "server30"},
		{"grow", numbered("server", 30), heavier, "server7"},
		{"shrink", heavier, numbered("server", 30), "server7"},
		{"drain", heavier, drained, "server7"},
		{"join of a weighted node", mixedWeights(32), mixedWeights(33), "server32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after := newSet(t, tt.before, byCapacity), newSet(t, tt.after, byCapacity)
			tableBefore, err := before.Table(12)
			require.NoError(t, err)
			tableAfter, err := after.Table(12)
			require.NoError(t, err)
			moved := 0
			for i := range shortrun.Few(100_000) {
				key := "user:" + strconv.Itoa(i)
				for _, change := range [][2]server{owners(before, after, key), owners(tableBefore, tableAfter, key)} {
					if from, to := change[0].name, change[1].name; from != to {
						moved++
						require.True(t, from == tt.mover || to == tt.mover, "%q moved from %s to %s", key, from, to)
					}
				}
			}
			assert.Positive(t, moved)
		})
	}
}

func owners(before, after interface{ Select(string) (server, bool) }, key string) [2]server {
	a, _ := before.Select(key)
	b, _ := after.Select(key)
	return [2]server{a, b}
}

// TestSharesFollowWeights uses IDs that differ only in the last character, for
// which a weak formula can give one node all keys.
func TestSharesFollowWeights(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("counts 18 million keys")
	}
	const keys = 400_000
	for name, h := range testHashes(t) {
		for label, weights := range map[string][]float64{
			"equal": {1, 1, 1}, "one to two": {1, 2}, "one to a hundred": {1, 100}, "fractions": {0.5, 0.25, 0.25},
		} {
			t.Run(name+" "+label, func(t *testing.T) {
				t.Parallel()
				nodes, total := numbered("server", len(weights)), 0.0
				for i, w := range weights {
					nodes[i].capacity = w
					total += w
				}
				s := newSet(t, nodes, Config[server]{ID: server.Name, Weight: server.Capacity, Hash: h})
				got := map[string]int{}
				for i := range keys {
					owner, _ := s.Select("user:" + strconv.Itoa(i))
					got[owner.name]++
				}
				for i, n := range nodes {
					assert.InDelta(t, weights[i]/total, float64(got[n.name])/keys, 0.01*math.Max(weights[i]/total, 0.2), n.name)
				}
			})
		}
	}
}

// TestManyNodesUnderAShortHash: a 24-bit hash of a hundred thousand IDs collides,
// and yet every node has a seed of its own.
func TestManyNodesUnderAShortHash(t *testing.T) {
	t.Parallel()
	short := func(s string) uint64 { return fnv1a(s) & 0xffffff }
	s := newSet(t, numbered("n", 100_000), Config[server]{ID: server.Name, Hash: short})
	seeds := slices.Clone(s.seeds)
	slices.Sort(seeds)
	assert.Len(t, slices.Compact(seeds), 100_000)
}

// testHashes returns the named hashes and a weak one of the caller.
func testHashes(t *testing.T) map[string]func(string) uint64 {
	t.Helper()
	hashes := map[string]func(string) uint64{"fnv-1a": fnv1a}
	for _, name := range prf.Names() {
		h, err := prf.New(name, prf.Options{})
		require.NoError(t, err)
		hashes[name] = h
	}
	require.Len(t, hashes, 11)
	return hashes
}

// extremeWeights covers the accepted range, subnormal numbers included.
var extremeWeights = []float64{
	0, math.SmallestNonzeroFloat64, 3 * math.SmallestNonzeroFloat64, 1e-322, 1e-310, 1.1e-310, 0x1p-1022, 1e-300, 1e-295,
	1e-200, 1e-12, 1, 1e12, 1e100, 9e199, nodeset.MaxWeight,
}

// TestVerbsAgreeOverAllWeights compares every method of Set and Table with Rank,
// for weights of one magnitude and of all.
func TestVerbsAgreeOverAllWeights(t *testing.T) {
	t.Parallel()
	pick := map[string]func(rng *rand.Rand) float64{
		"any": func(rng *rand.Rand) float64 { return extremeWeights[rng.IntN(len(extremeWeights))] },
	}
	for _, w := range extremeWeights[1 : len(extremeWeights)-1] {
		pick[fmt.Sprintf("near %g", w)] = func(rng *rand.Rand) float64 { return min(w*float64(1+rng.IntN(5)), nodeset.MaxWeight) }
	}
	for name, weight := range pick {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(8, 8))
			for _, n := range []int{2, 3, 9, 40, 200} {
				nodes := numbered("s", n)
				for i := range nodes {
					nodes[i].capacity = weight(rng)
				}
				requireVerbsAgree(t, newSet(t, nodes, byCapacity))
			}
		})
	}
}

func requireVerbsAgree(t *testing.T, s *Set[server]) {
	t.Helper()
	table, err := s.Table(4)
	require.NoError(t, err)
	for i := range shortrun.Few(200) {
		key := strconv.Itoa(i)
		rank := slices.Collect(s.Rank(key))
		owner, ok := s.Select(key)
		require.Equal(t, len(rank) > 0, ok)
		if !ok {
			continue
		}
		require.Equal(t, rank[0], owner, key)
		byScore := []server{}
		for n, score := range s.Scores(key) {
			if score.Weight > 0 {
				byScore = append(byScore, n)
			}
		}
		require.Equal(t, rank, byScore, key)
		for _, n := range []int{1, 2, 3, few, few + 1, len(rank)} {
			n = min(n, len(rank))
			require.Equal(t, rank[:n], s.SelectN(nil, key, n), "%s: %d", key, n)
			require.True(t, s.Owns(key, rank[n-1].name, n), key)
			require.False(t, s.Owns(key, rank[n-1].name, n-1), key)
		}
		slot := strconv.Itoa(table.Slot(key))
		tableOwner, _ := table.Select(key)
		require.Equal(t, slices.Collect(s.Rank(slot))[0], tableOwner)
	}
}
