package mapper

import (
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Event is what happened to a View: an update or a failure.
type Event struct {
	// Err is nil for an update. Otherwise the value stays as it is, and Err is
	// what View.Err returns from now on.
	Err error

	// Repeated is true if the event before was a failure too.
	Repeated bool

	// Recovered is true if this update ends a failure. If nothing else changed,
	// Added, Removed and Changed are zero and no value was built.
	Recovered bool

	// Nodes is the number of nodes that the value is built from.
	Nodes int

	// Added, Removed and Changed count nodes by name against the set before.
	Added, Removed, Changed int

	// Moved is the fraction of a thousand sample keys that changed their owner.
	// It is zero for the first value, and without FollowConfig.Owner.
	Moved float64

	// Build is how long it took to build the value.
	Build time.Duration

	// Age is the age of the value, as View.Age gives it; for an update, that of
	// the value before.
	Age time.Duration
}

// compare counts the changes, and reports whether there are any. The order of
// the nodes counts, as some layouts of package ring depend on it.
func (e *Event) compare(before, after []Node) (changed bool) {
	old := make(map[string]Node, len(before))
	for _, n := range before {
		old[n.Name] = n
	}
	for _, n := range after {
		was, known := old[n.Name]
		switch {
		case !known:
			e.Added++
		case !was.Equal(n):
			e.Changed++
		}
		delete(old, n.Name)
	}
	e.Removed = len(old)
	sameName := func(a, b Node) bool { return a.Name == b.Name }
	return e.Added+e.Removed+e.Changed > 0 || !slices.EqualFunc(before, after, sameName)
}

// tell passes an event to the observer and the log. The log gets a failure when
// it begins and when it ends; the attempts between are at level Debug. Nodes that
// are in use although they are gone or drained are errors.
func (f *follower[T]) tell(e Event) {
	gone := f.newlyGone(e.Err)
	switch {
	case gone != nil:
		f.log.Error("mapper: the nodes cannot be used, and some of the last ones are gone or drained", "err", e.Err, "gone", len(gone))
	case e.Err != nil && e.Repeated:
		f.log.Debug("mapper: still failing", "err", e.Err, "age", e.Age)
	case e.Err != nil:
		f.log.Warn("mapper: the source fails, keeping the last nodes", "err", e.Err, "nodes", e.Nodes)
	default:
		f.log.Info("mapper: updated", slog.Int("nodes", e.Nodes), slog.Int("added", e.Added), slog.Int("removed", e.Removed),
			slog.Int("changed", e.Changed), slog.Bool("recovered", e.Recovered), slog.Duration("build", e.Build))
	}
	if f.cfg.Observe != nil {
		f.cfg.Observe(e)
	}
}

const sampleSize = 1000

// moved returns the fraction of the sample that changed its owner.
func moved[T any](owner func(T, string) string, before, after T) float64 {
	n := 0
	for i := range sampleSize {
		key := fmt.Sprintf("sample-%d", i)
		if owner(before, key) != owner(after, key) {
			n++
		}
	}
	return float64(n) / sampleSize
}
