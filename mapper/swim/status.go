package swim

import (
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// Status is the status of a member, or a set of statuses: each is one bit.
type Status uint8

// The statuses of one member.
const (
	// StatusOnline is a member that answers.
	StatusOnline = Status(members.Online)
	// StatusOffline is a member that failed, as the cluster agrees.
	StatusOffline = Status(members.Offline)
	// StatusSuspect is a member that failed a probe. Neither has it refuted that
	// nor does the cluster agree on it.
	StatusSuspect = Status(members.Suspect)
	// StatusLeft is a member that left by [Cluster.Leave].
	StatusLeft = Status(members.Left)
)

// Sets of statuses.
const (
	// StatusAvailable members take part in placement. Suspects do: most turn out
	// to be alive, and keys that move away for a moment and back cost more than
	// keys that wait.
	StatusAvailable = StatusOnline | StatusSuspect
	// StatusUnavailable members may not answer. A suspect is in both sets.
	StatusUnavailable = StatusOffline | StatusSuspect | StatusLeft
	// StatusAny is every status.
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
// joined by a bar. The empty set, which a member had before it was known, is
// UNKNOWN.
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

// In reports whether the status is in the set.
func (s Status) In(set Status) bool { return s&set != 0 }

// MarshalText returns the bytes of [Status.String].
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseStatus returns the status or set with that name: online, offline,
// suspect, left, available, unavailable or any, in upper or lower case.
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
