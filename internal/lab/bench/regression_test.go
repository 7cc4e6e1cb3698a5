package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// slack is how far a ratio may be off before it is no accident: this runs on
// whatever machine and beside whatever else there is.
const slack = 2

// TestNoRegression measures the targets of lookups in a fraction of a second
// each. It compares ratios, never times: whatever slows one side down slows the
// other down as well.
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

// steady are the lookups that keep their ratio whatever else the machine does.
// The points of a large circle live in a cache that all processes share.
func steady(m metric) bool {
	lookup := m.bench == "Select" || m.bench == "SelectThree" || m.bench == "SelectWeighted"
	small := m.nodes <= 100 || m.by == "rendezvous" && m.nodes <= 1_000
	return lookup && small && m.unit == "ns/op"
}

// quickRatio takes turns, and compares the best of each side: what disturbs a
// measurement only ever makes it longer. The turns are long enough for a side
// to get its points back into the cache, and none sees a key twice.
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
