package consul

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
)

// The shortest and the longest pause after a failure. A refused attempt costs
// the agent nothing, so its pauses stay short and the agent is found soon
// after it returns. An attempt that hangs is a pause in itself.
const (
	shortestPause       = 100 * time.Millisecond
	longestPause        = 10 * time.Second
	longestPauseRefused = 500 * time.Millisecond
	longestPauseHanging = time.Second
)

// backoff grows the pause between attempts that fail in the same way. An agent
// that begins to fail in another way is coming back: the pauses start again.
type backoff struct{ pauses retry.Backoff }

// after returns how long to pause after a failure: between half and all of a
// pause that doubles each time, so that clients do not return at once.
func (b *backoff) after(err error) time.Duration {
	longest := longestPause
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		longest = longestPauseRefused
	case errors.Is(err, context.DeadlineExceeded):
		longest = longestPauseHanging
	}
	if longest != b.pauses.Max {
		b.pauses = retry.Backoff{Min: shortestPause, Max: longest}
	}
	return retry.Jitter(b.pauses.Next(), 0.5, 1)
}

func (b *backoff) reset() { b.pauses.Reset() }
