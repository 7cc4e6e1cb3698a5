package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// slack is the tolerance of ratios, as this test also runs on busy machines.
const slack = 2

// TestNoRegression measures the targets of lookups in a fraction of a second
// each. It compares ratios and not times, because a slow machine slows down both
// sides.
func TestNoRegression(t *testing.T) {
	checked := 0
	for _, target := range targets {
		if !steady(target.of) {
			continue
		}
		checked++
		t.Run(target.Work, func(t *testing.T) {
			bound := target.on(report{}.AVX512()).most * slack
			assert.LessOrEqual(t, quickRatio(target.of, target.to), bound, "the target is %v", target.bounds)
		})
	}
	assert.Greater(t, checked, 5)
}

// steady reports whether the ratio of a lookup is stable on a busy machine. It is
// not for large rings, whose points are in a cache that processes share.
func steady(m metric) bool {
	lookup := m.bench == "Select" || m.bench == "SelectThree" || m.bench == "SelectWeighted"
	small := m.nodes <= 100 || m.by == "rendezvous" && m.nodes <= 1_000
	return lookup && small && m.unit == "ns/op"
}

// quickRatio measures both sides in turns and compares the best turn of each,
// because disturbances only make a turn longer. A turn is long enough to load the
// points into the cache, and no turn repeats keys of another.
func quickRatio(of, to metric) float64 {
	const turns, turn = 12, 0.03
	ours := lookupOf(of.bench, of.by, makeNodes(of.nodes))
	theirs := lookupOf(to.bench, to.by, makeNodes(to.nodes))
	pace := seconds(func() { theirs(keys()[:batch]) }) / batch
	many := min(max(batch, int(turn/pace)), keyCount/turns)
	us, them := math.Inf(1), math.Inf(1)
	for t := range turns {
		some := keys()[t*many : (t+1)*many]
		us = min(us, seconds(func() { ours(some) }))
		them = min(them, seconds(func() { theirs(some) }))
	}
	return us / them
}

func seconds(work func()) float64 {
	start := time.Now()
	work()
	return time.Since(start).Seconds()
}
