package consul

import "time"

// A query may be repeated 20 times a second, so that a flapping service costs
// little. The first 20 repetitions are not delayed: a single change is seen at
// once.
const (
	queriesPerSecond = 20
	burst            = 20
)

// limiter is a token bucket. Its zero value is full.
type limiter struct {
	used float64 // tokens taken out and not refilled yet
	last time.Time
}

// take takes a token and returns how long to wait before using it.
func (l *limiter) take(now time.Time) time.Duration {
	l.used = max(0, l.used-now.Sub(l.last).Seconds()*queriesPerSecond) + 1
	l.last = now
	late := max(0, l.used-burst) / queriesPerSecond
	return time.Duration(late * float64(time.Second))
}
