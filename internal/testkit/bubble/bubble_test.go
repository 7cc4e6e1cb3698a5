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
