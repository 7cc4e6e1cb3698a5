package bubble

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTimersAtOnce has many tickers that nobody waits for when they are due, so
// that each is fired by the goroutine that looks at it.
func TestTimersAtOnce(t *testing.T) {
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
