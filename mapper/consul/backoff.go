package consul

import (
	"context"
	"errors"
	"math/rand/v2"
	"syscall"
	"time"
)

// The shortest pause after a failure, and the longest. Where nobody answers
// at all a try costs the agent nothing and finds it the sooner when it
// returns; where it hangs the try itself is the pause.
const (
	shortestPause       = 100 * time.Millisecond
	longestPause        = 10 * time.Second
	longestPauseRefused = 500 * time.Millisecond
	longestPauseHanging = time.Second
)

// backoff grows the pause between tries that fail in the same way: an agent
// that begins to answer, if only by an error, is coming back.
type backoff struct {
	longest time.Duration // of the way it failed last
	pause   time.Duration
}

// after returns how long to pause after a failure: between half and all of
// what doubles each time, so that clients do not return at once.
func (b *backoff) after(err error) time.Duration {
	longest := longestPause
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		longest = longestPauseRefused
	case errors.Is(err, context.DeadlineExceeded):
		longest = longestPauseHanging
	}
	if longest != b.longest {
		*b = backoff{longest: longest, pause: shortestPause / 2}
	}
	b.pause = min(2*b.pause, b.longest)
	return b.pause/2 + rand.N(b.pause/2+1)
}

func (b *backoff) reset() { *b = backoff{} }

// sleep pauses, and reports whether the context still stands.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
