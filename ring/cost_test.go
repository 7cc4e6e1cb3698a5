package ring

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEditsHashOnlyWhatChanged counts the calls of the hash. Under Hashed, a node
// takes as many as in a ring of its own, and one that stays takes none.
func TestEditsHashOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	calls := 0
	cfg := Config[string]{
		ID:     func(id string) string { return id },
		Hash:   func(s string) uint64 { calls++; return defaultHash(s) },
		Layout: Hashed(8),
	}
	alone, err := New([]string{"node d"}, cfg)
	require.NoError(t, err)
	require.Equal(t, 1, alone.Len())
	each := calls
	require.Positive(t, each)
	r, err := New([]string{"node b", "node d", "node f"}, cfg)
	require.NoError(t, err)
	for name, edit := range map[string]struct {
		run  func() (*Ring[string], error)
		want int
	}{
		"with":     {func() (*Ring[string], error) { return r.With("node a", "node c", "node g") }, 3 * each},
		"without":  {func() (*Ring[string], error) { return r.Without("node d") }, 0},
		"reweight": {func() (*Ring[string], error) { return r.Reweight("node f", 2) }, each},
	} {
		calls = 0
		_, err := edit.run()
		require.NoError(t, err)
		assert.Equal(t, edit.want, calls, name)
	}
}

// TestLimitsOfPointsAndCapacities has the greatest numbers, and one more.
func TestLimitsOfPointsAndCapacities(t *testing.T) {
	t.Parallel()
	require.NoError(t, checkTotal(MaxPoints))
	require.ErrorIs(t, checkTotal(MaxPoints+1), ErrTooManyPoints)
	require.NoError(t, wholeCapacities([]member{{id: "a", capacity: math.MaxUint32}}))
	require.ErrorIs(t, wholeCapacities([]member{{id: "a", capacity: math.MaxUint32 + 1}}), ErrWhole)
}
