package swim

import (
	"time"

	"github.com/proxenos/proxenos/internal/retry"
)

// jitter returns a random pause between a half and three halves of d.
func jitter(d time.Duration) time.Duration { return retry.Jitter(d, 0.5, 1.5) }

// settling schedules push-pulls while many members join. Gossip about a new
// member dies out early while few members know of many; memberlist's own
// push-pull, every half a minute, would have to repair that.
type settling struct {
	interval   time.Duration
	youngUntil time.Time // until when the local member is new itself
	rounds     int
	next       time.Time
	recent     int // new members in the current window
	window     time.Time
}

const (
	youth        = 10 * time.Second
	settleRounds = 4
)

// grew notes a new member. A member that is new itself then starts push-pulls;
// an old one only if several members are new.
func (s *settling) grew(now time.Time, size int) {
	if now.Sub(s.window) > 2*time.Second {
		s.window, s.recent = now, 0
	}
	s.recent++
	if now.After(s.youngUntil) && s.recent < 2+size/16 {
		return
	}
	s.want(now, settleRounds)
}

// want schedules at least so many push-pulls.
func (s *settling) want(now time.Time, rounds int) {
	if s.rounds == 0 {
		s.next = now.Add(jitter(s.interval))
	}
	s.rounds = max(s.rounds, rounds)
}

// due reports whether a push-pull is due. The pauses grow with the cluster, as
// the push-pulls do, and with the slowdown of the local member.
func (s *settling) due(now time.Time, size, slowdown int) bool {
	if s.rounds == 0 || now.Before(s.next) {
		return false
	}
	s.rounds--
	s.next = now.Add(jitter(s.interval * time.Duration((1+size/128)*slowdown)))
	return true
}
