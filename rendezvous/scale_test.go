package rendezvous

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWeightsAreRelative multiplies the weights by powers of two, from subnormal
// numbers to the greatest weights: no key moves.
func TestWeightsAreRelative(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c", "d"}
	newSet := func(exponent int) *Set[string] {
		set, err := New(ids, Config[string]{
			ID:     func(id string) string { return id },
			Weight: func(id string) float64 { return math.Ldexp(float64(id[0]-'a'+1), exponent) },
		})
		require.NoError(t, err)
		return set
	}
	sets := []*Set[string]{newSet(0)}
	for _, exponent := range []int{-1074, -1022, -700, 300, 660} {
		sets = append(sets, newSet(exponent))
	}
	for i := range 500 {
		key := fmt.Sprint("key ", i)
		want := sets[0].SelectN(nil, key, len(ids))
		for _, set := range sets[1:] {
			assert.Equal(t, want, set.SelectN(nil, key, len(ids)), key)
			owner, _ := set.Select(key)
			assert.Equal(t, want[0], owner, key)
		}
	}
}
