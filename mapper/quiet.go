package mapper

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"
)

// Quiet is a source that waits for its source to calm down. A change is
// reported once nothing has changed for Min, and after Max at the latest; a
// node that went away stays for HoldRemovals. The first set is reported at
// once. Damping makes clients disagree for a while, each for its own while.
//
// It is safe for any number of goroutines; its fields are set before it is
// used. With every duration zero it changes nothing.
type Quiet struct {
	Source Mapper

	// Min is how long the set must stay as it is to be reported. Zero reports
	// at once.
	Min time.Duration

	// Max bounds how long a change may be put off by further changes. Zero
	// means ten times Min.
	Max time.Duration

	// HoldRemovals is how long a node that went away stays in the set as it
	// was, unless it comes back. Zero removes it with the next report. Held
	// nodes are put in order if the source sorts by name, and at the end
	// otherwise.
	HoldRemovals time.Duration

	// Poll is how often Watch asks a Source that cannot be watched. Zero means
	// DefaultPoll.
	Poll time.Duration
}

var _ Watcher = (*Quiet)(nil)

// Nodes asks the source: a single answer has no past to be compared with.
func (q *Quiet) Nodes(ctx context.Context) ([]Node, error) { return q.Source.Nodes(ctx) }

// Watch reports as the type says. Errors are passed on at once.
func (q *Quiet) Watch(ctx context.Context) iter.Seq2[[]Node, error] {
	return func(yield func([]Node, error) bool) {
		events, stop := listen(ctx, q.Source, q.Poll)
		defer stop()
		d := damper{min: q.Min, max: q.Max, hold: q.HoldRemovals, missing: map[string]time.Time{}}
		if d.max == 0 {
			d.max = 10 * d.min
		}
		var wake alarm
		defer wake.stop()
		for {
			if next := d.next(); next.IsZero() {
				wake.stop()
			} else {
				wake.set(time.Until(next))
			}
			select {
			case e, open := <-events:
				if !open {
					return
				}
				d.take(e)
			case <-wake.c:
			}
			for _, e := range d.due() {
				if ctx.Err() != nil || !yield(e.nodes, e.err) {
					return
				}
			}
		}
	}
}

// damper decides what is reported when. It has no clock but time.Now.
type damper struct {
	min, max, hold time.Duration

	current []Node // as the source has it
	any     bool
	shown   []Node // as it was reported
	changed bool   // current is to be reported
	since   time.Time
	last    time.Time            // of the latest change
	missing map[string]time.Time // shown, but not current, since then
	failure error                // the source is failing
	toTell  bool                 // the failure is to be reported
}

// take notes what the source says.
func (d *damper) take(e event) {
	if e.err != nil {
		d.failure, d.toTell = e.err, true
		return
	}
	now := time.Now()
	d.failure, d.toTell = nil, false
	d.current, d.last = e.nodes, now
	if !d.changed {
		d.changed, d.since = true, now
	}
	present := make(map[string]bool, len(e.nodes))
	for _, n := range e.nodes {
		present[n.Name] = true
		delete(d.missing, n.Name)
	}
	for _, n := range d.shown {
		if _, known := d.missing[n.Name]; !present[n.Name] && !known {
			d.missing[n.Name] = now
		}
	}
}

// next is when there is something to do without an event, or zero.
func (d *damper) next() time.Time {
	if d.changed {
		return d.reportAt()
	}
	var next time.Time
	for _, since := range d.missing {
		if until := since.Add(d.hold); next.IsZero() || until.Before(next) {
			next = until
		}
	}
	return next
}

func (d *damper) reportAt() time.Time {
	if !d.any {
		return d.last
	}
	quiet, latest := d.last.Add(d.min), d.since.Add(d.max)
	if latest.Before(quiet) {
		return latest
	}
	return quiet
}

// due is what is to be reported now. A set that is reported while the source
// fails would take the failure back, so that follows again.
func (d *damper) due() []event {
	var events []event
	if now := time.Now(); !d.next().IsZero() && !now.Before(d.next()) {
		before, first := d.shown, !d.any
		d.show(now)
		if first || d.failure == nil || !Equal(before, d.shown) {
			events = append(events, event{nodes: Clone(d.shown)})
			d.toTell = d.failure != nil
		}
	}
	if d.toTell {
		d.toTell = false
		events = append(events, event{err: d.failure})
	}
	return events
}

// show makes the set to report of the current nodes and those on hold.
func (d *damper) show(now time.Time) {
	set := slices.Clone(d.current)
	for _, n := range d.shown {
		since, away := d.missing[n.Name]
		switch {
		case !away:
		case now.Before(since.Add(d.hold)):
			set = append(set, n)
		default:
			delete(d.missing, n.Name)
		}
	}
	byName := func(a, b Node) int { return cmp.Compare(a.Name, b.Name) }
	if slices.IsSortedFunc(d.current, byName) {
		slices.SortFunc(set, byName)
	}
	d.shown, d.any, d.changed = set, true, false
}
