// Package bubble runs tests in virtual time, also with the race detector.
package bubble

import (
	"runtime"
	"testing"
	"testing/synctest"
)

// Test is synctest.Test with a workaround for Go issue 78156: in Go 1.26 the
// timers of a bubble share a context of the race detector without a lock, and
// two that fire at once crash it. With the race detector Test therefore sets
// GOMAXPROCS to 1 while f runs. The detector still finds races, as it depends on
// the order of accesses and not on parallelism. A test that calls Test must not
// be parallel.
func Test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if raceEnabled {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	synctest.Test(t, f)
}
