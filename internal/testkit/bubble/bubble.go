// Package bubble runs tests in virtual time, also with the race detector.
package bubble

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
)

// Test is synctest.Test with a workaround for Go issue 78156: in Go 1.26 the
// timers of a bubble share a context of the race detector without a lock, and
// two that fire at once crash it. With the race detector GOMAXPROCS is therefore 1
// while any test runs in a bubble. The detector still finds races, as it depends
// on the order of accesses and not on parallelism.
func Test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if raceEnabled {
		oneProcessor.enter()
		defer oneProcessor.leave()
	}
	synctest.Test(t, f)
}

// oneProcessor holds GOMAXPROCS at 1 while there are bubbles, also of parallel
// tests, which end in any order.
var oneProcessor processors

type processors struct {
	mu      sync.Mutex
	bubbles int
	before  int // GOMAXPROCS without bubbles
}

func (p *processors) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bubbles++; p.bubbles == 1 {
		p.before = runtime.GOMAXPROCS(1)
	}
}

func (p *processors) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bubbles--; p.bubbles == 0 {
		runtime.GOMAXPROCS(p.before)
	}
}
