package retry

import (
	"context"
	"errors"
	"time"
)

// The shortest pause after a failure of a server, and the longest by what failed.
// A refused connection costs the server nothing, so its pauses stay short and the
// server is found soon after it returns. An attempt that hangs is a pause in
// itself.
const (
	shortestPause       = 100 * time.Millisecond
	longestPauseRefused = 500 * time.Millisecond
	longestPauseHanging = time.Second

	LongestPause = 10 * time.Second
)

// Pauses grows the pause between queries of a server that fail in the same way. A
// server that begins to fail in another way is coming back: the pauses start
// again. Its zero value is ready to use. It is not safe for concurrent use.
type Pauses struct{ backoff Backoff }

// After returns how long to pause after a failure: between half and all of a
// pause that doubles each time, so that clients do not return at once.
func (p *Pauses) After(err error) time.Duration {
	longest := LongestPause
	switch {
	case isRefused(err):
		longest = longestPauseRefused
	case errors.Is(err, context.DeadlineExceeded):
		longest = longestPauseHanging
	}
	if longest != p.backoff.Max {
		p.backoff = Backoff{Min: shortestPause, Max: longest}
	}
	return Jitter(p.backoff.Next(), 0.5, 1)
}

// Reset makes the next pause the first one.
func (p *Pauses) Reset() { p.backoff.Reset() }
