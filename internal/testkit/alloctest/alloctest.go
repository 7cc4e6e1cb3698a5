// Package alloctest asserts that code allocates nothing, on any machine.
//
// testing.AllocsPerRun counts what the whole process allocates, and a garbage
// collection empties the pools that code may rely on. So on a busy machine it
// sometimes sees allocations of others, which a test must not fail for. Code
// that allocates does so every time.
package alloctest

import (
	"runtime/debug"
	"testing"
)

// tries is how often f may look as if it allocated before it is believed.
const tries = 50

// None fails the test if every run of f allocates. Under the race detector,
// which allocates by itself and drops what pools hold, f only runs.
//
// It must not run beside parallel tests, as testing.AllocsPerRun must not.
func None(t testing.TB, f func()) {
	t.Helper()
	if race {
		f()
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	fewest := testing.AllocsPerRun(10, f)
	for i := 1; i < tries && fewest > 0; i++ {
		fewest = min(fewest, testing.AllocsPerRun(10, f))
	}
	if fewest > 0 {
		t.Errorf("it allocates %v times", fewest)
	}
}
