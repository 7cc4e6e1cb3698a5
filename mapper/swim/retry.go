package swim

import (
	"math/rand/v2"
	"time"
)

// retry waits longer after each failure, and a steady while after a success.
type retry struct {
	min, max time.Duration
	next     time.Time
	pause    time.Duration
}

func (r *retry) due(now time.Time) bool { return !now.Before(r.next) }

func (r *retry) done(now time.Time, ok bool) {
	r.pause = min(max(r.min, r.pause*2), r.max)
	if ok {
		r.pause = r.max
	}
	r.next = now.Add(jitter(r.pause))
}

// jitter spreads a pause between a half and three halves of it.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
