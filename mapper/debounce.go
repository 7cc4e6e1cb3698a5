package mapper

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"
)

// Debounce is a source that waits until the changes of its source calm down.
// It reports a change once nothing has changed for Min, and after Max at the
// latest; a node that went away stays for HoldRemovals. It reports the first
// set at once. Clients that debounce disagree for a while, as each of them
// waits on its own.
//
// It is safe for concurrent use. Its fields must not change once it is used.
// With every duration zero it changes nothing.
type Debounce struct {
	Source Mapper

	// Min is how long the set must stay as it is to be reported. Zero reports
	// at once.
	Min time.Duration

	// Max bounds how long further changes may put off a change. Zero means ten
	// times Min.
	Max time.Duration

	// HoldRemovals is how long a node that went away stays in the set as it
	// was, unless it comes back. Zero removes it with the next report. Held
	// nodes keep the order of names if the source sorts by name, and come last
	// otherwise.
	HoldRemovals time.Duration
}

var (
	_ Watcher = (*Debounce)(nil)
	_ Asker   = (*Debounce)(nil)
)

// Nodes queries the source. There is no earlier set to compare the result
// with.
func (d *Debounce) Nodes(ctx context.Context) ([]Node, error) { return d.Source.Nodes(ctx) }

// Ask queries the source, as Nodes does.
func (d *Debounce) Ask(ctx context.Context) (Update, error) { return Ask(ctx, d.Source) }

// Watch yields changes as the type describes, and failures of the source at
// once.
func (d *Debounce) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		updates, stop := listen(ctx, d.Source)
		defer stop()
		w := damper{min: d.Min, max: d.Max, hold: d.HoldRemovals, missing: map[string]time.Time{}}
		if w.max == 0 {
			w.max = 10 * w.min
		}
		var wake alarm
		defer wake.stop()
		for {
			if next := w.next(); next.IsZero() {
				wake.stop()
			} else {
				wake.set(time.Until(next))
			}
			select {
			case u, open := <-updates:
				if !open {
					return
				}
				w.take(u)
			case <-wake.c:
			}
			if out, ok := w.due(); ok && (ctx.Err() != nil || !yield(out)) {
				return
			}
		}
	}
}

// damper decides what is reported when. It has no clock but time.Now.
type damper struct {
	min, max, hold time.Duration

	source  Update // as the source has it
	any     bool   // there was a set
	shown   []Node // as it was reported last
	changed bool   // the nodes of the source are to be reported
	urgent  bool   // the rest of the update is to be reported at once
	failing bool   // so it was reported last
	since   time.Time
	last    time.Time            // of the latest change
	missing map[string]time.Time // shown, but gone from the source since then
}

// take notes what the source says.
func (d *damper) take(u Update) {
	before := d.source
	if !u.Known() {
		d.source.Err, d.urgent = u.Err, true // the set before stands
		return
	}
	d.source = u
	if d.any && Equal(before.Nodes, u.Nodes) {
		d.urgent = !d.changed || u.Err != nil
		return
	}
	d.urgent = u.Err != nil
	now := time.Now()
	d.last = now
	if !d.changed {
		d.changed, d.since = true, now
	}
	d.note(u.Nodes, now)
}

// note keeps account of which of the nodes shown are missing.
func (d *damper) note(nodes []Node, now time.Time) {
	present := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		present[n.Name] = true
		delete(d.missing, n.Name)
	}
	for _, n := range d.shown {
		if _, known := d.missing[n.Name]; !present[n.Name] && !known {
			d.missing[n.Name] = now
		}
	}
}

// next returns when there is something to do without an update, or zero.
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
	calm, latest := d.last.Add(d.min), d.since.Add(d.max)
	if latest.Before(calm) {
		return latest
	}
	return calm
}

// due returns what is to be reported now, if anything is. A burst of changes
// that leads back to the set before it is not.
func (d *damper) due() (Update, bool) {
	report := d.urgent
	if now := time.Now(); !d.next().IsZero() && !now.Before(d.next()) {
		before, first := d.shown, !d.any
		d.show(now)
		report = report || first || d.failing != (d.source.Err != nil) || !Equal(before, d.shown)
	}
	if !report {
		return Update{}, false
	}
	d.urgent, d.failing = false, d.source.Err != nil
	out := d.source.Clone()
	out.Nodes = nil
	if d.any {
		out.Nodes = Clone(d.shown)
	}
	return out, true
}

// show makes the set to report of the source's nodes and those on hold.
func (d *damper) show(now time.Time) {
	set := slices.Clone(d.source.Nodes)
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
	if slices.IsSortedFunc(d.source.Nodes, byName) {
		slices.SortFunc(set, byName)
	}
	d.shown, d.any, d.changed = set, true, false
}
