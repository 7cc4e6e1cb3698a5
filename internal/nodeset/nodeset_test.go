package nodeset

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func same(s string) string { return s }

func TestNewSortsAndRemembersTheOrder(t *testing.T) {
	given := []string{"c", "a", "b"}
	r, err := New(given, same, func(s string) float64 { return float64(s[0] - 'a') })
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c"}, r.Nodes)
	assert.Equal(t, []string{"a", "b", "c"}, r.IDs)
	assert.Equal(t, []float64{0, 1, 2}, r.Weights)
	assert.Equal(t, []int{1, 2, 0}, r.Order)
	assert.Equal(t, []string{"c", "a", "b"}, given, "the caller's slice is not touched")
}

func TestNewWeighsAllTheSameByDefault(t *testing.T) {
	r, err := New([]string{"b", "a"}, same, nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 1}, r.Weights)
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		nodes  []string
		weight float64
		want   error
	}{
		"an empty ID":         {[]string{"a", ""}, 1, ErrEmptyID},
		"a repeated ID":       {[]string{"a", "b", "a"}, 1, ErrDuplicateID},
		"a negative weight":   {[]string{"a"}, -0.1, ErrWeight},
		"a weight of NaN":     {[]string{"a"}, math.NaN(), ErrWeight},
		"an enormous weight":  {[]string{"a"}, 2 * MaxWeight, ErrWeight},
		"an infinite weight":  {[]string{"a"}, math.Inf(1), ErrWeight},
		"a negative infinity": {[]string{"a"}, math.Inf(-1), ErrWeight},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.nodes, same, func(string) float64 { return tt.weight })
			require.ErrorIs(t, err, tt.want)
			var refused *NodeError
			require.ErrorAs(t, err, &refused)
		})
	}
	_, err := New([]string{"a"}, nil, nil)
	require.ErrorIs(t, err, ErrNoID)
}

// TestNewKnowsOneZero: both drain a node, and checksums must not differ.
func TestNewKnowsOneZero(t *testing.T) {
	r, err := New([]string{"a"}, same, func(string) float64 { return math.Copysign(0, -1) })
	require.NoError(t, err)
	assert.False(t, math.Signbit(r.Weights[0]))
}

func TestNewAdmitsTheLimits(t *testing.T) {
	for _, w := range []float64{0, math.SmallestNonzeroFloat64, MaxWeight} {
		_, err := New([]string{"a"}, same, func(string) float64 { return w })
		assert.NoError(t, err, "weight %v", w)
	}
}

// TestChecksumSeparatesItsParts: what is written in other pieces is something
// else.
func TestChecksumSeparatesItsParts(t *testing.T) {
	sum := func(parts ...string) uint64 {
		c := NewChecksum("test v1")
		for _, p := range parts {
			c.String(p)
		}
		return c.Sum()
	}
	assert.Equal(t, sum("ab", "c"), sum("ab", "c"))
	assert.NotEqual(t, sum("ab", "c"), sum("a", "bc"))
	assert.NotEqual(t, sum("ab"), sum("ab", ""))
	assert.NotEqual(t, NewChecksum("test v1").Sum(), NewChecksum("test v2").Sum())
	a, b := NewChecksum("n"), NewChecksum("n")
	a.Uint64(1)
	b.Uint64(1 << 56)
	assert.NotEqual(t, a.Sum(), b.Sum())
}
