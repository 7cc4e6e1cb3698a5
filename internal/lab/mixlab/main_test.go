package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func mixerNamed(t *testing.T, name string) mixer {
	t.Helper()
	for _, m := range mixers {
		if m.name == name {
			return m
		}
	}
	require.Failf(t, "no such mixer", "%q", name)
	return mixer{}
}

// TestTheExperimentCanTell: it passes the mixer that was chosen and fails the
// one that leaves its seeds raw.
func TestTheExperimentCanTell(t *testing.T) {
	const keys = 200_000
	sequential := inputs[0]
	good := measure(mixerNamed(t, "expanded"), sequential, keys)
	for what, departure := range map[string]float64{
		"first": good.first, "pair": good.pair, "order": good.order, "weighted": good.weighted,
	} {
		assert.Less(t, departure, 6.0, what)
	}
	bad := measure(mixerNamed(t, "control: expanded, raw seeds"), sequential, keys)
	assert.Greater(t, bad.first, 20.0)
	assert.Greater(t, bad.pair, 20.0)
}

func TestDeparture(t *testing.T) {
	assert.InDelta(t, 0.7, departure([]int{50, 50}, nil), 0.1, "too even: chi-square 0, expected 1±1.4")
	assert.InDelta(t, 70, departure([]int{100, 0}, nil), 1, "chi-square 100")
	assert.InDelta(t, 0.7, departure([]int{25, 75}, []float64{0.25, 0.75}), 0.1)
}

func TestTooFewKeysAreRefused(t *testing.T) {
	assert.ErrorContains(t, run(10), "-keys 10 is too few")
}
