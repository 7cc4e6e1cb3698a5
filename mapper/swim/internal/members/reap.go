package members

import "time"

// observerMemory is how long an observer that left stays in the table. There
// may be many: each `proxenos select` is one.
const observerMemory = 10 * time.Second

// Reap removes the members that have been gone for long enough. A member that
// memberlist holds up stays: memberlist would not announce it again.
func (t *Table) Reap(now time.Time) {
	for _, s := range t.states {
		gone := now.Sub(s.since)
		switch {
		case s.local, s.up:
		case s.status == Left && (gone > t.cfg.ReapLeft || s.observer && gone > observerMemory):
			t.remove(s)
		case s.status == Offline && gone > t.cfg.ReapOffline:
			t.remove(s)
		}
	}
}

// reapOldest removes the member that has been gone the longest, and reports
// whether there is one.
func (t *Table) reapOldest() bool {
	var oldest *state
	for _, s := range t.states {
		if !s.up && !s.local && s.status.In(Offline|Left) && (oldest == nil || s.since.Before(oldest.since)) {
			oldest = s
		}
	}
	if oldest == nil {
		return false
	}
	t.remove(oldest)
	return true
}

func (t *Table) remove(s *state) {
	delete(t.states, s.name)
	t.events = append(t.events, Event{Member: s.member(), Reaped: true})
}
