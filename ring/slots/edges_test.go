package slots

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestJumpHashAtABoundary has numbers whose first step lands next to a whole bucket,
// with the results of the C++ code in the paper.
func TestJumpHashAtABoundary(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key     uint64
		buckets int
		want    int
	}{
		{2313046976756913067, 6, 0}, // the divisor is 1, the smallest
		{11536419013611688875, 2, 1}, {11536419013611688875, 3, 1},
		{6001148605151515563, 3, 2}, {6924732995184300971, 4, 3},
	} {
		assert.Equal(t, c.want, jumpHash(c.key, c.buckets), "%d of %d", c.key, c.buckets)
	}
}

// TestMaglevSizes has the smallest and the greatest table, and the next ones.
func TestMaglevSizes(t *testing.T) {
	t.Parallel()
	m := newMap(t, EnvoyMaglev(2), equal("a", "b")...)
	first, _ := m.Owner(0)
	second, _ := m.Owner(1)
	assert.ElementsMatch(t, []string{"a", "b"}, []string{first.id, second.id})
	for size, want := range map[int]error{1: ErrScheme, 4: ErrScheme, 5000011: nil, 5000077: ErrScheme} {
		_, err := New(nil, Config[server]{ID: server.ID, Scheme: EnvoyMaglev(size)})
		assert.ErrorIs(t, err, want, "%d slots", size)
	}
}

// TestMaglevSharesAreFractions compares with the weights that Envoy normalizes.
func TestMaglevSharesAreFractions(t *testing.T) {
	t.Parallel()
	hosts, greatest := maglevHosts([]member{{"a", 1}, {"drained", 0}, {"b", 3}}, 17)
	require.Len(t, hosts, 2)
	assert.Equal(t, []float64{0.25, 0.75, 0.75}, []float64{hosts[0].weight, hosts[1].weight, greatest})
}

// TestMaglevWeightsThatReachTheirTurn has one host of half the other's weight. In its
// second turn the weight is exactly what it takes, so it gets the last slot.
func TestMaglevWeightsThatReachTheirTurn(t *testing.T) {
	t.Parallel()
	m := newMap(t, EnvoyMaglev(3), server{"half", 1, 0}, server{"whole", 2, 1})
	counts := map[string]int{}
	for slot := range m.Slots() {
		owner, ok := m.Owner(slot)
		require.True(t, ok)
		counts[owner.id]++
	}
	assert.Equal(t, map[string]int{"half": 2, "whole": 1}, counts)
}

// TestClusterRangeOfOneSlot assigns the first and the last slot alone.
func TestClusterRangeOfOneSlot(t *testing.T) {
	t.Parallel()
	m := newMap(t, RedisCluster([]Range{{0, 0, "a"}, {ClusterSlots - 1, ClusterSlots - 1, "b"}}), equal("a", "b")...)
	first, ok := m.Owner(0)
	require.True(t, ok)
	last, ok := m.Owner(ClusterSlots - 1)
	require.True(t, ok)
	assert.Equal(t, []string{"a", "b"}, []string{first.id, last.id})
	_, ok = m.Owner(1)
	assert.False(t, ok, "a slot in no range")
}

// TestWholeWeights has the greatest weight that is counted, and one more.
func TestWholeWeights(t *testing.T) {
	t.Parallel()
	require.NoError(t, wholeWeights([]member{{"a", math.MaxUint32}}))
	require.ErrorIs(t, wholeWeights([]member{{"a", math.MaxUint32 + 1}}), ErrWhole)
}
