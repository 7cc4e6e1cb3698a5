package compare

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLossOfANode: b holds half of the keys; they would go to a and c in equal
// parts.
func TestLossOfANode(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 100, Held: []int64{20, 50, 30}, Fair: Fair([]float64{1, 2, 1})}
	s, other := NewSpill(Singly(3)), NewSpill(Singly(3))
	for range 5 {
		s.Count(1, 0, 1)
		other.Count(1, 2, 1)
	}
	s.Count(0, 2, 1)
	s.Count(2, 0, 1)
	s.Gather(other)
	worst, ok := s.Worst(l)
	require.True(t, ok)
	assert.Equal(t, Loss{Group: 1, Share: 0.5, Heaviest: 2, Ratio: 55.0 / 25}, worst, "30 and half of 50, of 25")
}

func TestLossOfAZone(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 90, Held: []int64{30, 30, 30}, Fair: Fair([]float64{1, 1, 1})}
	s := NewSpill([]int{0, 0, 1})
	for range 2 {
		s.Count(s.Group(0), 2, 1)
		s.Count(s.Group(2), 0, 1)
	}
	worst, ok := s.Worst(l)
	require.True(t, ok)
	assert.Equal(t, Loss{Group: 0, Share: 2.0 / 3, Heaviest: 2, Ratio: 3}, worst)
}

func TestLossOfAllNodes(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 10, Held: []int64{10}, Fair: []float64{1}}
	s := NewSpill(Singly(1))
	s.Count(0, -1, 1)
	worst, ok := s.Worst(l)
	require.True(t, ok)
	assert.Equal(t, Loss{Share: 1, Heaviest: -1, Ratio: math.Inf(1)}, worst)
	_, ok = NewSpill(Singly(1)).Worst(l)
	assert.False(t, ok, "nothing was counted")
}

// TestLossesAreSorted: the loss that leaves nothing is the worst, then the one
// with the highest load after it.
func TestLossesAreSorted(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 10, Held: []int64{5, 4, 1}, Fair: Fair([]float64{1, 1, 1})}
	s := NewSpill(Singly(3))
	s.Count(0, 1, 5)
	s.Count(1, 2, 3)
	s.Count(1, 0, 1)
	s.Count(2, -1, 1)
	var groups []int
	for _, loss := range s.Losses(l) {
		groups = append(groups, loss.Group)
	}
	assert.Equal(t, []int{2, 0, 1}, groups)
	assert.InDelta(t, 9/(10.0/3), s.Losses(l)[1].Ratio, 1e-12, "4 and the 5 of the lost node")
	assert.InDelta(t, 6/(10.0/3), s.Losses(l)[2].Ratio, 1e-12, "5 and 1 of the 4")
}

// TestEqualRatios: the first of the nodes with equal ratios is the heaviest, and
// losses of equal ratio are in the order of their shares, and then of their
// groups. The counts are in a map, so the test repeats.
func TestEqualRatios(t *testing.T) {
	t.Parallel()
	const nodes = 8
	even := &Load{Keys: 80, Held: slices.Repeat([]int64{10}, nodes), Fair: Fair(slices.Repeat([]float64{1}, nodes))}
	uneven := &Load{Keys: 40, Held: []int64{5, 15, 10, 10}, Fair: Fair([]float64{1, 1, 1, 1})}
	for range 50 {
		s := NewSpill(Singly(nodes))
		for from := range nodes {
			for to := range nodes {
				if from != to {
					s.Count(from, to, 1)
				}
			}
		}
		losses := s.Losses(even)
		require.Len(t, losses, nodes)
		for i, loss := range losses {
			require.Equal(t, Loss{Group: i, Share: 0.125, Heaviest: min(1, i) ^ 1, Ratio: losses[0].Ratio}, loss)
		}
		worst, ok := s.Worst(even)
		require.True(t, ok)
		require.Equal(t, losses[0], worst)

		s = NewSpill(Singly(4))
		s.Count(0, 1, 1)
		s.Count(2, 3, 1)
		require.Equal(t, []Loss{
			{Group: 2, Share: 0.25, Heaviest: 3, Ratio: 2},
			{Group: 0, Share: 0.125, Heaviest: 1, Ratio: 2},
		}, s.Losses(uneven))
	}
}
