package figures

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/internal/testkit/shortrun"
	"github.com/proxenos/proxenos/mapper"
)

// quiet discards all output.
var quiet = &term.Streams{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }}

func placed(tb testing.TB, algorithm string, nodes []mapper.Node) *place.Placement {
	tb.Helper()
	var o place.Flags
	require.NoError(tb, o.Apply(place.Settings{Algorithm: algorithm}, quiet))
	p, err := o.Build(nodes)
	require.NoError(tb, err)
	return p
}

// equalNodes returns n nodes of weight 1.
func equalNodes(n int) []mapper.Node {
	nodes := make([]mapper.Node, n)
	for i := range nodes {
		nodes[i].Name = fmt.Sprintf("node-%d", i)
		nodes[i].Addr = fmt.Sprintf("10.0.%d.%d:80", i/250, i%250+1)
	}
	return nodes
}

func moved(t *testing.T, algorithm string, before, after []mapper.Node) *compare.Movement {
	t.Helper()
	m, err := measureChange(context.Background(), quiet, placed(t, algorithm, before), placed(t, algorithm, after), &answer.Keys{Sample: shortrun.Few[int64](200_000)}, nil)
	require.NoError(t, err)
	require.Equal(t, shortrun.Few[int64](200_000), m.Keys)
	return m
}

// A node that joins n others takes 1/(n+1) of the keys, within four standard errors
// of the binomial distribution. No other key moves.
func TestIdealIsOneOfNPlusOne(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 10, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			m := moved(t, "rendezvous", equalNodes(n), equalNodes(n+1))
			want := 1 / float64(n+1)
			deviation := math.Sqrt(want * (1 - want) / float64(m.Keys))
			assert.InDelta(t, want, m.Expected, 1e-12)
			assert.InDelta(t, want, m.Fraction(m.Ideal), 4*deviation)
			assert.Zero(t, m.Excess)
			assert.Zero(t, m.Survivors)
		})
	}
}

// The ideal follows the weights, or the shares of the algorithm where they differ
// from the weights.
func TestIdealFollowsWeightsAndShares(t *testing.T) {
	t.Parallel()
	heavier := equalNodes(4)
	heavier[2].Weight = 3
	m := moved(t, "rendezvous", equalNodes(4), heavier)
	assert.InDelta(t, 3.0/6-1.0/4, m.Expected, 1e-12)
	for _, algorithm := range []string{"rendezvous", "table", "ring", "ketama-weighted", "continuum", "hash-ring"} {
		t.Run(algorithm, func(t *testing.T) {
			m := moved(t, algorithm, equalNodes(4), heavier)
			deviation := math.Sqrt(0.25 / float64(m.Keys))
			assert.InDelta(t, m.Expected, m.Fraction(m.Ideal), 6*deviation)
			assert.GreaterOrEqual(t, m.Excess, int64(0))
		})
	}
}

// The shares of every algorithm agree with a count of keys, and sum to one.
func TestSharesAgreeWithKeys(t *testing.T) {
	t.Parallel()
	nodes := equalNodes(5)
	nodes[1].Weight, nodes[3].Drain = 2, true
	for _, a := range place.Algorithms {
		if a.NeedsFile() {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			p := placed(t, a.Name, nodes)
			load, err := measureLoad(context.Background(), quiet, p, &answer.Keys{Sample: shortrun.Few[int64](100_000)})
			require.NoError(t, err)
			total := 0.0
			for i, share := range nodeShares(p) {
				total += share
				assert.InDelta(t, share, float64(load.Held[i])/float64(load.Keys), 0.01, nodes[i].Name)
			}
			assert.InDelta(t, 1, total, 1e-9)
		})
	}
}

// Nodes with one address are one node to the Python original, so the fair share of
// the second is 0.
func TestFairShareAtOneAddress(t *testing.T) {
	t.Parallel()
	p := placed(t, "python-proxenos", []mapper.Node{{Name: "a", Addr: "10.0.0.1:1"}, {Name: "b", Addr: "10.0.0.1:1"}, {Name: "c", Addr: "10.0.0.2:1"}})
	assert.Equal(t, []float64{0.5, 0, 0.5}, fairShares(p))
}

// Four equal nodes form two zones. The keys of a lost node spread equally over the
// others: each has 1/4 + 1/12 of the keys, 4/3 of its load before. After the loss of
// a zone it has twice its load.
func TestLossesOfEqualNodes(t *testing.T) {
	t.Parallel()
	nodes := equalNodes(4)
	for i := range nodes {
		nodes[i].Zone = []string{"x", "y"}[i%2]
	}
	p := placed(t, "rendezvous", nodes)
	load, err := measureLoad(context.Background(), quiet, p, &answer.Keys{Sample: shortrun.Few[int64](1_000_000)})
	require.NoError(t, err)
	lost, err := measureLosses(context.Background(), quiet, p, load)
	require.NoError(t, err)
	assert.InDelta(t, 4.0/3, lost.node.Ratio, 0.02)
	assert.InDelta(t, 0.25, lost.node.Share, 0.002)
	assert.InDelta(t, 2, lost.zone.Ratio, 0.02)
	assert.InDelta(t, 0.5, lost.zone.Share, 0.002)
}

func TestLossesWithoutZones(t *testing.T) {
	t.Parallel()
	p := placed(t, "ring", equalNodes(3))
	load, err := measureLoad(context.Background(), quiet, p, &answer.Keys{Sample: 1000})
	require.NoError(t, err)
	lost, err := measureLosses(context.Background(), quiet, p, load)
	require.NoError(t, err)
	assert.Nil(t, lost.zone)
	assert.NotNil(t, lost.node)
}

// Memory does not grow with the keys: four million keys allocate as much as fifty
// thousand.
func TestCountingTakesConstantMemory(t *testing.T) {
	before, after := placed(t, "table", equalNodes(10)), placed(t, "table", equalNodes(11))
	bytesFor := func(keys int64) float64 {
		var was, is runtime.MemStats
		runtime.ReadMemStats(&was)
		_, err := measureChange(context.Background(), quiet, before, after, &answer.Keys{Sample: keys}, nil)
		require.NoError(t, err)
		runtime.ReadMemStats(&is)
		return float64(is.TotalAlloc - was.TotalAlloc)
	}
	bytesFor(1000) // one-time allocations
	assert.InDelta(t, bytesFor(50_000), bytesFor(shortrun.Few[int64](4_000_000)), 16<<20, "the keys have 130 MB, or 30 in a short run; pools of the race detector drop some buffers")
}
