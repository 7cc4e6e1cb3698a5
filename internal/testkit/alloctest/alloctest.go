// Package alloctest asserts how often code allocates, on any machine.
//
// testing.AllocsPerRun counts the allocations of the whole process, and a
// garbage collection empties the pools that code may rely on, so on a busy
// machine it sometimes counts too many. Code that allocates does so every time.
package alloctest

import (
	"runtime/debug"
	"testing"
)

// tries is how often f is measured before the smallest count is taken as its own.
const tries = 50

// None fails the test if every run of f allocates.
func None(t testing.TB, f func()) {
	t.Helper()
	AtMost(t, 0, f)
}

// AtMost fails the test if every run of f allocates more than n times. Under
// the race detector, which itself allocates and drops what pools hold, f only
// runs.
//
// It panics in a parallel test, as testing.AllocsPerRun does.
func AtMost(t testing.TB, n float64, f func()) {
	t.Helper()
	if raceEnabled {
		f()
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	fewest := testing.AllocsPerRun(10, f)
	for i := 1; i < tries && fewest > n; i++ {
		fewest = min(fewest, testing.AllocsPerRun(10, f))
	}
	if fewest > n {
		t.Errorf("allocates %v times, want at most %v", fewest, n)
	}
}
