package mapper

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Update says what is known of a set of nodes and how sure that is.
//
// Each Update is the whole state, not a difference. Four kinds occur:
//
//   - Err is nil and Skipped is empty: Nodes is the set. No nodes means that
//     the source has none.
//   - Err is nil and Skipped is not empty: the set is partial. Nodes holds the
//     usable records.
//   - Err is not nil and Nodes is not nil: the source failed. Nodes is the last
//     known set, which still stands and may be stale. Its parts may have changed
//     since the Update before: a [Merge] of which one source fails goes on with
//     the others.
//   - Err is not nil and Nodes is nil: the source failed, and the Update brings
//     no set. If an earlier one did, that set still stands.
type Update struct {
	// Nodes is the whole set, or what is known of it.
	Nodes []Node

	// Err says why Nodes may be stale. It is nil while the source answers.
	Err error

	// Skipped holds an error for each record that was left out because it
	// cannot be used, or that a [Guard] changed. The set is partial if there are
	// any.
	Skipped []error

	// Confirmed is when a live source last confirmed Nodes. A watch does not
	// yield an Update only because this time moved on, so while Err is nil the
	// set may have been confirmed since. Zero means that the time is not known.
	Confirmed time.Time

	// Origin says where Nodes comes from.
	Origin Origin
}

// Known reports whether the Update brings a set of nodes. It is false for a
// failure without a last known set.
func (u Update) Known() bool { return u.Err == nil || u.Nodes != nil }

// Partial returns a [*PartialError] if records were left out, and nil otherwise.
func (u Update) Partial() error {
	if len(u.Skipped) == 0 {
		return nil
	}
	return &PartialError{Skipped: u.Skipped}
}

// ageUnknown reports whether a cache answered that cannot tell when a live source
// last confirmed Nodes: the cache of a Consul agent says that it is fresh even
// while all servers are dead.
func (u Update) ageUnknown() bool { return u.Origin == OriginAgentCache && u.Confirmed.IsZero() }

// Clone returns a copy that shares no memory with u except the errors.
func (u Update) Clone() Update {
	if u.Nodes != nil {
		u.Nodes = Clone(u.Nodes)
	}
	u.Skipped = slices.Clone(u.Skipped)
	return u
}

// failed is what stands of u after a failure.
func (u Update) failed(err error) Update {
	u.Err = err
	return u
}

// sameSet reports whether both updates hold the same set and are equally sure
// of it. It does not compare Err and Confirmed.
func (u Update) sameSet(o Update) bool {
	sameText := func(a, b error) bool { return a.Error() == b.Error() }
	return (u.Nodes == nil) == (o.Nodes == nil) && Equal(u.Nodes, o.Nodes) &&
		u.Origin == o.Origin && slices.EqualFunc(u.Skipped, o.Skipped, sameText)
}

// Origin says where a set of nodes comes from. A greater Origin is less sure.
type Origin int

const (
	// OriginLive is the source itself.
	OriginLive Origin = iota
	// OriginAgentCache is a cache between the source and its caller, such as
	// that of a Consul agent.
	OriginAgentCache
	// OriginSnapshot is a file that holds an earlier set, as [Cached] keeps it.
	OriginSnapshot
)

var originNames = []string{"live", "agent cache", "snapshot"}

// String returns live, agent cache or snapshot.
func (o Origin) String() string {
	if o < 0 || int(o) >= len(originNames) {
		return fmt.Sprintf("Origin(%d)", int(o))
	}
	return originNames[o]
}

// PartialError says that records were left out of a set because they cannot be
// used. Mapper.Nodes returns it with the usable nodes.
type PartialError struct {
	Skipped []error // why each record was left out; at least one
}

// shownSkipped is how many causes the text of a PartialError holds.
const shownSkipped = 10

// Error counts the records and names the first ten causes.
func (e *PartialError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the set is partial, records left out: %d", len(e.Skipped))
	sep := ": "
	for i, err := range e.Skipped {
		if i == shownSkipped {
			fmt.Fprintf(&b, "; and %d more", len(e.Skipped)-i)
			break
		}
		b.WriteString(sep)
		b.WriteString(err.Error())
		sep = "; "
	}
	return b.String()
}

// Unwrap returns the causes.
func (e *PartialError) Unwrap() []error { return e.Skipped }
