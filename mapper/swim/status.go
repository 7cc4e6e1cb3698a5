package swim

import (
	"fmt"
	"strings"
)

// Status says what is believed of a member. Statuses are bits, so that a set
// of them is a Status too.
type Status uint8

// The statuses of one member.
const (
	// Online: the member answers.
	StatusOnline Status = 1 << iota
	// Offline: the cluster agreed that the member failed.
	StatusOffline
	// Suspect: somebody missed an answer, and neither has the member refuted
	// it nor the cluster agreed on it.
	StatusSuspect
	// Left: the member said goodbye.
	StatusLeft
)

// Sets of statuses.
const (
	// Available members take part in placement. A suspect does: most suspects
	// turn out to live, and keys that move away for a moment and back cost
	// more than one that waits.
	StatusAvailable = StatusOnline | StatusSuspect
	// Unavailable members may not answer. A suspect is in both sets.
	StatusUnavailable = StatusOffline | StatusSuspect | StatusLeft
	// Any is every status.
	StatusAny = StatusOnline | StatusOffline | StatusSuspect | StatusLeft
)

var statusNames = []struct {
	status Status
	name   string
}{
	{StatusOnline, "ONLINE"},
	{StatusOffline, "OFFLINE"},
	{StatusSuspect, "SUSPECT"},
	{StatusLeft, "LEFT"},
}

// String returns the name of the status in capitals, or the names in a set
// joined by a bar. The empty set, which is what a member was before it was
// known, is UNKNOWN.
func (s Status) String() string {
	var names []string
	for _, n := range statusNames {
		if s&n.status != 0 {
			names = append(names, n.name)
		}
	}
	if names == nil {
		return "UNKNOWN"
	}
	return strings.Join(names, "|")
}

// In reports whether the status is one of the set.
func (s Status) In(set Status) bool { return s&set != 0 }

// MarshalText writes what String returns.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseStatus reads a status or a set of them: the name of a status, or
// available, unavailable or any, in either case.
func ParseStatus(text string) (Status, error) {
	switch strings.ToLower(text) {
	case "available":
		return StatusAvailable, nil
	case "unavailable":
		return StatusUnavailable, nil
	case "any":
		return StatusAny, nil
	}
	for _, n := range statusNames {
		if strings.EqualFold(n.name, text) {
			return n.status, nil
		}
	}
	return 0, fmt.Errorf("unknown status %q: use online, suspect, offline, left, available, unavailable or any", text)
}

// route lists the statuses that a member is shown in on its way from one to
// another, the last one included. Nobody is shown offline who was not shown
// suspect before, and a suspicion of somebody offline is no news.
func route(from, to Status) []Status {
	switch {
	case from == to:
		return nil
	case from == StatusOffline && to == StatusSuspect:
		return nil
	case from == StatusOnline && to == StatusOffline:
		return []Status{StatusSuspect, StatusOffline}
	default:
		return []Status{to}
	}
}
