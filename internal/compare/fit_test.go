package compare

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// residue looks up decimal keys modulo m.
func residue(m int) Lookup {
	return func(key string) (int, bool) {
		n, err := strconv.Atoi(key)
		return n % m, err == nil
	}
}

func observe(lookup Lookup, keys int) (seen []Observation) {
	for i := range keys {
		key := strconv.Itoa(i)
		node, _ := lookup(key)
		seen = append(seen, Observation{key, node})
	}
	return seen
}

func TestFitAll(t *testing.T) {
	t.Parallel()
	build := func(i int) (Lookup, error) {
		if i == 0 {
			return nil, errors.New("no placement")
		}
		return residue(i), nil
	}
	fits := FitAll(t.Context(), 13, build, observe(residue(6), 100))
	assert.Equal(t, 1, fits.Refused)
	assert.Zero(t, fits.Untried)
	require.Len(t, fits.Fits, 12)
	for _, f := range fits.Fits {
		assert.Equal(t, f.Hypothesis == 6, f.Explains(100), "only modulo 6 explains all")
		assert.Equal(t, f.Tried, f.Right+len(f.Wrong))
		assert.Equal(t, f.Explains(100), f.Lookup != nil)
	}
	nearest := fits.Nearest()
	assert.Equal(t, 6, nearest[0].Hypothesis)
	assert.Equal(t, 12, nearest[1].Hypothesis, "half of the keys")
	assert.Equal(t, []int{6, 7, 8}, nearest[1].Wrong[:3])
	assert.Equal(t, 52, nearest[1].Right)
	assert.Equal(t, screen, fits.Fits[0].Tried, "modulo 1 is given up")
}

func TestFitAllEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	fits := FitAll(ctx, 1000, func(i int) (Lookup, error) {
		if i == 10 {
			cancel()
		}
		return residue(i + 1), nil
	}, observe(residue(6), 10))
	assert.Positive(t, fits.Untried)
	assert.Len(t, fits.Fits, 1000-fits.Untried)
	assert.Equal(t, 5, fits.Fits[5].Hypothesis, "the first ones were tried")
}

func TestCoincidence(t *testing.T) {
	t.Parallel()
	fair := []float64{0.5, 0.25, 0.25}
	seen := []Observation{{"a", 0}, {"b", 1}, {"c", 2}}
	assert.InDelta(t, 8*0.03125, Coincidence(8, fair, seen), 1e-12)
	assert.Equal(t, 1.0, Coincidence(100, fair, seen[:1]), "a probability")
	// Each key gives 1.5 bits; a million and 1024 hypotheses take 30.
	assert.Equal(t, 20, KeysToTell(1024, fair, 1.0/(1<<20)))
	assert.Zero(t, KeysToTell(1024, []float64{1, 0}, 1e-6), "one node")
	// Uneven nodes tell less: a key of nine to one gives 0.469 bits.
	assert.Equal(t, 64, KeysToTell(1024, []float64{0.9, 0.1}, 1.0/(1<<20)))
}
