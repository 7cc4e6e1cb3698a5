package swim

import "time"

// rateLimit is a token bucket that counts what it refused.
type rateLimit struct {
	burst int
	every time.Duration

	tokens  int
	since   time.Time
	refused int
}

// allow takes a token if there is one, and returns how often it was refused
// since the last token.
func (r *rateLimit) allow(now time.Time) (refused int, ok bool) {
	if r.since.IsZero() {
		r.tokens, r.since = r.burst, now
	}
	if earned := int(now.Sub(r.since) / r.every); earned > 0 {
		r.tokens = min(r.burst, r.tokens+earned)
		r.since = r.since.Add(time.Duration(earned) * r.every)
	}
	if r.tokens == 0 {
		r.refused++
		return 0, false
	}
	r.tokens--
	refused, r.refused = r.refused, 0
	return refused, true
}
