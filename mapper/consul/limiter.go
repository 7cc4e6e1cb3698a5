package consul

import "time"

// How often one question may be asked: a service that flaps is asked for
// twenty times a second, and a single change goes unhindered.
const (
	questionsPerSecond = 20
	questionsAtOnce    = 20
)

// limiter is a bucket that fills with permissions. Its zero value is full.
type limiter struct {
	used float64 // permissions taken out and not yet filled in
	last time.Time
}

// take takes a permission and returns how long to wait before using it.
func (l *limiter) take(now time.Time) time.Duration {
	l.used = max(0, l.used-now.Sub(l.last).Seconds()*questionsPerSecond) + 1
	l.last = now
	late := max(0, l.used-questionsAtOnce) / questionsPerSecond
	return time.Duration(late * float64(time.Second))
}
