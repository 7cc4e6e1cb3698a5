package nodeset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func same(s string) string { return s }

func TestNewSortsByID(t *testing.T) {
	t.Parallel()
	given := []string{"c", "a", "b"}
	s, err := New(given, same, func(s string) float64 { return float64(s[0] - 'a') })
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c"}, s.Nodes)
	assert.Equal(t, []string{"a", "b", "c"}, s.IDs)
	assert.Equal(t, []float64{0, 1, 2}, s.Weights)
	assert.Equal(t, []int{1, 2, 0}, s.Order)
	assert.Equal(t, []string{"c", "a", "b"}, given, "the input is not changed")
}

func TestDefaultWeightIsOne(t *testing.T) {
	t.Parallel()
	s, err := New([]string{"b", "a"}, same, nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 1}, s.Weights)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		nodes  []string
		weight float64
		want   error
	}{
		"empty ID":         {[]string{"a", ""}, 1, ErrEmptyID},
		"repeated ID":      {[]string{"a", "b", "a"}, 1, ErrDuplicateID},
		"negative weight":  {[]string{"a"}, -0.1, ErrWeight},
		"weight NaN":       {[]string{"a"}, math.NaN(), ErrWeight},
		"weight too great": {[]string{"a"}, 2 * MaxWeight, ErrWeight},
		"weight +Inf":      {[]string{"a"}, math.Inf(1), ErrWeight},
		"weight -Inf":      {[]string{"a"}, math.Inf(-1), ErrWeight},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.nodes, same, func(string) float64 { return tt.weight })
			require.ErrorIs(t, err, tt.want)
			var refused *Error
			require.ErrorAs(t, err, &refused)
		})
	}
	_, err := New([]string{"a"}, nil, nil)
	require.ErrorIs(t, err, ErrNoID)
}

// TestNegativeZeroIsZero: both drain a node, and checksums must not differ.
func TestNegativeZeroIsZero(t *testing.T) {
	t.Parallel()
	negative := math.Copysign(0, -1)
	s, err := New([]string{"a"}, same, func(string) float64 { return negative })
	require.NoError(t, err)
	assert.False(t, math.Signbit(s.Weights[0]))
	s, err = New([]string{"a"}, same, nil)
	require.NoError(t, err)
	s, err = s.Reweight("a", negative)
	require.NoError(t, err)
	assert.False(t, math.Signbit(s.Weights[0]))
}

func TestNewAcceptsTheLimits(t *testing.T) {
	t.Parallel()
	for _, w := range []float64{0, math.SmallestNonzeroFloat64, MaxWeight} {
		_, err := New([]string{"a"}, same, func(string) float64 { return w })
		assert.NoError(t, err, "weight %v", w)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s, err := New([]string{"b", "a"}, same, nil)
	require.NoError(t, err)
	i, ok := s.Find("b")
	assert.True(t, ok)
	assert.Equal(t, 1, i)
	_, ok = s.Find("c")
	assert.False(t, ok)
	_, ok = (*Set[string])(nil).Find("a")
	assert.False(t, ok)
	assert.Zero(t, (*Set[string])(nil).Len())
}

type item struct {
	id     string
	weight float64
}

func build(items []item) (*Set[item], error) {
	return New(items, func(i item) string { return i.id }, func(i item) float64 { return i.weight })
}

// TestEditsEqualNew applies random edits to a set and to a list, and compares
// the set with a new one made of the list.
func TestEditsEqualNew(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		var list []item
		s, err := build(nil)
		require.NoError(t, err)
		for step := range 40 {
			switch op := rng.IntN(3); {
			case op == 0 || len(list) == 0:
				added := []item{{fmt.Sprint(rng.IntN(1000), "-", step), 1}, {fmt.Sprint(rng.IntN(1000), "+", step), 2}}
				list = append(list, added...)
				s, err = s.With(added, func(i item) string { return i.id }, func(i item) float64 { return i.weight })
			case op == 1:
				at := rng.IntN(len(list))
				s, err = s.Without([]string{list[at].id, list[at].id})
				list = slices.Delete(slices.Clone(list), at, at+1)
			default:
				at := rng.IntN(len(list))
				list = slices.Clone(list)
				list[at].weight = float64(rng.IntN(5))
				s, err = s.Reweight(list[at].id, list[at].weight)
			}
			require.NoError(t, err)
			want, err := build(list)
			require.NoError(t, err)
			require.Equal(t, want.IDs, s.IDs)
			require.Equal(t, want.Weights, s.Weights)
			require.Equal(t, want.Order, s.Order)
		}
	}
}

func TestEditsRefuse(t *testing.T) {
	t.Parallel()
	s, err := New([]string{"a", "b"}, same, nil)
	require.NoError(t, err)
	_, err = s.With([]string{"c", "a"}, same, nil)
	require.ErrorIs(t, err, ErrDuplicateID)
	_, err = s.With([]string{"c"}, nil, nil)
	require.ErrorIs(t, err, ErrNoID)
	_, err = s.Without([]string{"a", "c"})
	require.ErrorIs(t, err, ErrUnknownID)
	_, err = s.Reweight("c", 1)
	require.ErrorIs(t, err, ErrUnknownID)
	_, err = s.Reweight("a", math.NaN())
	require.ErrorIs(t, err, ErrWeight)
	assert.Equal(t, []string{"a", "b"}, s.IDs, "s is not changed")
	var none *Set[string]
	_, err = none.Without([]string{"a"})
	require.ErrorIs(t, err, ErrUnknownID)
	_, err = none.Reweight("a", 1)
	require.ErrorIs(t, err, ErrUnknownID)
	some, err := none.With([]string{"a"}, same, nil)
	require.NoError(t, err)
	assert.Equal(t, 1, some.Len())
}

func TestChecksumSeparatesItsParts(t *testing.T) {
	t.Parallel()
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
