package bubble

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSimultaneousTimers has many tickers due at a time when no goroutine
// receives from them, so each fires in the goroutine that polls it. Without the
// workaround this crashes the race detector.
func TestSimultaneousTimers(t *testing.T) {
	processors := runtime.GOMAXPROCS(0)
	Test(t, func(*testing.T) {
		var running sync.WaitGroup
		for range 100 {
			running.Go(func() {
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for range 500 {
					time.Sleep(time.Millisecond)
					select {
					case <-tick.C:
					default:
					}
				}
			})
		}
		running.Wait()
	})
	require.Equal(t, processors, runtime.GOMAXPROCS(0))
}

// The first of two overlapping bubbles that ends does not return the processors
// that the other still does without.
func TestOverlappingBubbles(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	var p processors
	p.enter()
	p.enter()
	p.leave()
	require.Equal(t, 1, runtime.GOMAXPROCS(0))
	p.leave()
	require.Equal(t, before, runtime.GOMAXPROCS(0))
}
