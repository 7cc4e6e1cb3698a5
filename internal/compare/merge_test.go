package compare

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPartsAddUp divides random keys among four changes and compares the merged
// movement with that of one change which counts them all.
func TestPartsAddUp(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	newChange := func() *Change { return NewChange(members("a", "b", "c"), members("b", "c", "d")) }
	whole, parts := newChange(), []*Change{newChange(), newChange(), newChange(), newChange()}
	for range 5000 {
		before, after, weight := random.IntN(3), random.IntN(3), random.Int64N(9)
		for _, c := range []*Change{whole, parts[random.IntN(4)]} {
			tally := c.NewTally()
			tally.Count(before, after, weight)
			tally.CountReplicas([]int{before}, []int{after}, weight)
			c.Gather(tally)
		}
	}
	var movements []*Movement
	ideals := int64(0)
	for _, p := range parts {
		movements = append(movements, p.Movement())
		ideals += p.Movement().Ideal
	}
	merged, err := MergeMovements(movements...)
	require.NoError(t, err)
	assert.Equal(t, whole.Movement(), merged)
	assert.Greater(t, ideals, merged.Ideal, "ideals are no sums")
	_, err = MergeMovements(movements[0], NewChange(members("a"), members("b")).Movement())
	assert.ErrorIs(t, err, ErrParts)
}

func TestMergeLoads(t *testing.T) {
	t.Parallel()
	fair := Fair([]float64{1, 3})
	merged, err := MergeLoads(&Load{Keys: 3, Held: []int64{1, 2}, Fair: fair}, &Load{Keys: 7, Held: []int64{3, 4}, Fair: fair})
	require.NoError(t, err)
	assert.Equal(t, &Load{Keys: 10, Held: []int64{4, 6}, Fair: fair}, merged)
	_, err = MergeLoads(&Load{Held: []int64{1, 2}, Fair: fair}, &Load{Held: []int64{1, 2}, Fair: Fair([]float64{1, 1})})
	assert.ErrorIs(t, err, ErrParts)
}

func TestMergeRanges(t *testing.T) {
	t.Parallel()
	merged, ok := MergeRanges([]SampleRange{{20, 5}, {0, 10}, {10, 5}})
	assert.True(t, ok)
	assert.Equal(t, []SampleRange{{0, 15}, {20, 5}}, merged)
	_, ok = MergeRanges([]SampleRange{{0, 10}, {9, 1}})
	assert.False(t, ok, "key 9 is in both")
	_, ok = MergeRanges([]SampleRange{{0, 10}, {0, 10}})
	assert.False(t, ok)
}

// TestMergedFlows: no flow at all is an empty list, and flows that were not counted
// are none.
func TestMergedFlows(t *testing.T) {
	t.Parallel()
	still := NewChange(members("a", "b"), members("a", "b")).Movement()
	merged, err := MergeMovements(still, still)
	require.NoError(t, err)
	assert.NotNil(t, merged.Flows)
	assert.Empty(t, merged.Flows)
	uncounted := *still
	uncounted.Flows = nil
	merged, err = MergeMovements(&uncounted, &uncounted)
	require.NoError(t, err)
	assert.Nil(t, merged.Flows)
	_, err = MergeMovements(still, &uncounted)
	assert.ErrorIs(t, err, ErrParts)
}
