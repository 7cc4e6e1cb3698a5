// Package bubble runs tests in virtual time, also under the race detector.
package bubble

import (
	"runtime"
	"testing"
	"testing/synctest"
)

// Test is synctest.Test. Under the race detector the program has one processor
// meanwhile: in Go 1.26 the timers of a bubble share one context of the
// detector without a lock, and two that fire at once crash it (see Go issue 78156).
// Races are found all the same, as the detector looks at what is ordered and
// not at what happens at once. A test that calls it must not be parallel.
func Test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if underRace {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	synctest.Test(t, f)
}
