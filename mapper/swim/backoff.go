package swim

import (
	"math/rand/v2"
	"time"
)

// backoff doubles the pause after each failure, up to max, and pauses for max
// after a success.
type backoff struct {
	min, max time.Duration
	next     time.Time
	pause    time.Duration
}

func (b *backoff) due(now time.Time) bool { return !now.Before(b.next) }

func (b *backoff) done(now time.Time, ok bool) {
	b.pause = min(max(b.min, b.pause*2), b.max)
	if ok {
		b.pause = b.max
	}
	b.next = now.Add(jitter(b.pause))
}

// jitter returns a random pause between a half and three halves of d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
