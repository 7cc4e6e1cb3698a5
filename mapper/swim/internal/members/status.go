package members

// Status is the status of a member, or a set of statuses: each is one bit.
type Status uint8

// The statuses of one member.
const (
	Online Status = 1 << iota
	Offline
	Suspect
	Left
)

// available members take part in placement.
const available = Online | Suspect

// In reports whether the status is in the set.
func (s Status) In(set Status) bool { return s&set != 0 }

// path lists the statuses through which a member passes from one to another,
// the last one included. A member is never offline without having been suspect,
// and one that is offline does not become suspect.
func path(from, to Status) []Status {
	switch {
	case from == to:
		return nil
	case from == Offline && to == Suspect:
		return nil
	case from == Online && to == Offline:
		return []Status{Suspect, Offline}
	default:
		return []Status{to}
	}
}
