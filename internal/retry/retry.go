// Package retry paces attempts: pauses that double after each failure, jitter
// that keeps clients from acting at the same moment, and a sleep that ends with
// its context.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff doubles the pause from one failure to the next. Its zero value has no
// pauses. It is not safe for concurrent use.
type Backoff struct {
	Min time.Duration // the first pause
	Max time.Duration // the longest; less than Min shortens the first too

	last time.Duration
}

// Next returns the pause after another failure.
func (b *Backoff) Next() time.Duration {
	b.last = min(max(2*b.last, b.Min), b.Max)
	return b.last
}

// Reset makes the next pause the first one.
func (b *Backoff) Reset() { b.last = 0 }

// Jitter returns a random duration between low and high times d.
func Jitter(d time.Duration, low, high float64) time.Duration {
	return time.Duration((low + (high-low)*rand.Float64()) * float64(d))
}

// Sleep pauses, and reports whether the context has not ended.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
