package mapper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"time"
)

// Cached is a source that keeps the last set of its source on disk, and
// answers with it if the source fails at the start. Put a Guard
// inside it, so that it does not store what the Guard rejects. That Guard takes the
// nodes of the snapshot for the set it accepted last, also after a restart.
//
// It is safe for concurrent use, and several processes may share the file. Its
// fields must not change once it is used.
type Cached struct {
	Source Mapper

	// Path names the file. See [Snapshot] for its format.
	Path string

	// Query identifies what the source lists: its address, the service, the
	// datacenter, the filters. A snapshot of another query is rejected, so that
	// two programs that share a file by mistake do not place keys by each other's
	// nodes. Empty accepts any.
	Query string

	// MaxStale is the greatest age of a snapshot that is used, at first and for
	// as long as it stands in. A snapshot of unknown age is rejected then. Zero
	// uses any.
	MaxStale time.Duration

	// AllowEmpty lets a set without nodes replace a snapshot that has nodes. False
	// keeps the snapshot: a missing token or a wrong name looks like an empty set,
	// and a snapshot without nodes is of no use in an outage.
	AllowEmpty bool

	// Patience is how long the source may take for its first answer before the
	// snapshot is used instead. Zero means 2 s.
	Patience time.Duration

	// Refresh is how often a watch writes an unchanged set again while the
	// source answers, so that the age of the snapshot is that of the last
	// contact and not that of the last change. Zero means one minute.
	Refresh time.Duration

	// Log gets a warning when the snapshot is used or is kept for its nodes, and
	// an error when it cannot be written. Neither stops the source. Nil is silent.
	Log *slog.Logger
}

var (
	_ Watcher = (*Cached)(nil)
	_ Asker   = (*Cached)(nil)
)

// StaleError says that the source cannot be asked, and how old the snapshot is
// that stands in for it.
type StaleError struct {
	Saved time.Time     // when the source last confirmed the snapshot; zero: not known
	Limit time.Duration // the age that was exceeded, or 0 if it was not
	Err   error         // why the source cannot be asked
}

// Error gives the age and the reason.
func (e *StaleError) Error() string {
	old := "of unknown age"
	if !e.Saved.IsZero() {
		old = fmt.Sprintf("%v old", age(e.Saved).Round(time.Second))
	}
	if e.Limit > 0 {
		return fmt.Sprintf("the snapshot is %s (the limit is %v), and the source cannot be asked: %v", old, e.Limit, e.Err)
	}
	return fmt.Sprintf("using a snapshot that is %s, as the source cannot be asked: %v", old, e.Err)
}

// Unwrap returns why the source cannot be asked.
func (e *StaleError) Unwrap() error { return e.Err }

// age returns the time since t; it is never negative, even if the clock was set.
func age(t time.Time) time.Duration { return max(0, time.Since(t)) }

// errNoAnswer stands for a source that has not answered within Patience.
var errNoAnswer = errors.New("no answer yet")

// Ask asks the source and writes its answer. If the source fails, Ask returns
// the snapshot with a [*StaleError] as its Err. A snapshot that is too old is an
// error, a *StaleError with its limit.
func (c *Cached) Ask(ctx context.Context) (Update, error) {
	c.seed()
	u, err := askWithin(ctx, c.Source, c.patience())
	switch {
	case ctx.Err() != nil:
		return Update{}, ctx.Err()
	case err != nil:
		return c.standIn(err)
	case u.Err == nil:
		c.write(u)
	}
	return u, nil
}

// Nodes is like Ask but does not report staleness.
func (c *Cached) Nodes(ctx context.Context) ([]Node, error) {
	u, err := c.Ask(ctx)
	if err != nil {
		return nil, err
	}
	if u.Err != nil {
		c.log().Warn("mapper: using the snapshot", "path", c.Path, "err", u.Err)
	}
	return u.Nodes, u.Partial()
}

// read returns the snapshot, if it holds the answer to the query. A time in the
// future is not known, beyond what clocks differ by.
func (c *Cached) read() (Snapshot, error) {
	s, err := ReadSnapshot(c.Path)
	if err != nil {
		return Snapshot{}, err
	}
	if c.Query != "" && s.Query != "" && s.Query != c.Query {
		return Snapshot{}, fmt.Errorf("snapshot %s: it holds the answer to another query (%s)", c.Path, s.Query)
	}
	if time.Until(s.Saved) > clockSkew {
		s.Saved = time.Time{}
	}
	return s, nil
}

// clockSkew is how far the clocks of two machines may differ.
const clockSkew = 5 * time.Minute

// tooOld reports whether a snapshot saved at that time exceeds MaxStale.
func (c *Cached) tooOld(saved time.Time) bool {
	return c.MaxStale > 0 && (saved.IsZero() || age(saved) > c.MaxStale)
}

// standIn returns the snapshot in place of a source that fails for a reason.
func (c *Cached) standIn(why error) (Update, error) {
	s, err := c.read()
	stale := &StaleError{Saved: s.Saved, Err: why}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Update{}, why
	case err != nil:
		return Update{}, join(why, err)
	case c.tooOld(s.Saved):
		stale.Limit = c.MaxStale
		return Update{}, stale
	}
	u := Update{Nodes: Clone(s.Nodes), Err: stale, Confirmed: s.Saved, Origin: OriginSnapshot} // nodes never nil
	if s.Partial {
		u.Skipped = []error{errPartialSnapshot}
	}
	return u, nil
}

var errPartialSnapshot = errors.New("records were left out when the snapshot was saved")

// seed makes the nodes of the snapshot what the guards inside accepted last, if
// they have not accepted any yet.
func (c *Cached) seed() {
	guards := guardsIn(c.Source)
	if len(guards) == 0 {
		return
	}
	if s, err := c.read(); err == nil && !c.tooOld(s.Saved) {
		for _, g := range guards {
			g.seed(s.Nodes)
		}
	}
}

// guardsIn returns the guards around a source that have accepted nothing yet.
func guardsIn(m Mapper) []*Guard {
	switch m := m.(type) {
	case *Guard:
		inner := guardsIn(m.Source)
		if m.baseline() == nil {
			inner = append(inner, m)
		}
		return inner
	case *Debounce:
		return guardsIn(m.Source)
	case *Polled:
		return guardsIn(m.Source)
	case *SlowStart:
		return guardsIn(m.Source)
	}
	return nil
}

// Watch watches the source. If it fails, or has no answer within Patience,
// before it ever answered, Watch yields the snapshot with a [*StaleError] as its
// Err.
func (c *Cached) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		c.seed()
		updates, stop := listen(ctx, c.Source)
		defer stop()
		w := keeping{Cached: c}
		defer w.tooOld.stop()
		w.patient.set(c.patience())
		defer w.patient.stop()
		refresh := time.NewTicker(c.refresh())
		defer refresh.Stop()
		for {
			var out Update
			select {
			case u, open := <-updates:
				if !open {
					return
				}
				out = w.take(u)
			case <-w.patient.c:
				out = w.take(Update{Err: errNoAnswer})
			case <-w.tooOld.c:
				out = w.expire()
			case <-refresh.C:
				w.keep()
				continue
			}
			if ctx.Err() != nil || !yield(out) {
				return
			}
		}
	}
}

// keeping is one watch of a Cached.
type keeping struct {
	*Cached
	patient  alarm  // rings when the first answer takes too long
	last     Update // of the source
	answered bool   // the source has
	snapshot Update // while it stands in
	why      error  // the source does not answer
	tooOld   alarm  // rings when the snapshot exceeds MaxStale
}

// take notes an update of the source and returns what to yield.
func (w *keeping) take(u Update) Update {
	w.patient.stop()
	w.why = u.Err
	switch {
	case u.Known():
		w.last, w.answered, w.snapshot = u.Clone(), true, Update{}
		w.tooOld.stop()
		w.keep()
		return u
	case w.answered:
		w.last = w.last.failed(u.Err)
		return w.last.Clone()
	case w.snapshot.Nodes != nil:
		return w.snapshot.Clone().failed(&StaleError{Saved: w.snapshot.Confirmed, Err: u.Err})
	}
	s, err := w.standIn(u.Err)
	if err != nil {
		return Update{Err: err}
	}
	w.log().Warn("mapper: using the snapshot", "path", w.Path, "err", s.Err)
	w.snapshot = s.Clone()
	if w.MaxStale > 0 {
		w.tooOld.set(w.MaxStale - age(s.Confirmed))
	}
	return s
}

// expire ends the use of a snapshot that has become too old.
func (w *keeping) expire() Update {
	w.tooOld.stop()
	stale := &StaleError{Saved: w.snapshot.Confirmed, Limit: w.MaxStale, Err: w.why}
	w.snapshot = Update{}
	return Update{Err: stale}
}

// keep writes the set of a source that answers.
func (w *keeping) keep() {
	if w.answered && w.last.Err == nil {
		w.write(w.last)
	}
}

func (c *Cached) write(u Update) {
	if len(u.Nodes) == 0 && !c.AllowEmpty {
		// Whatever its query: a typo in a name makes another query, and an empty set.
		if s, err := ReadSnapshot(c.Path); err == nil && len(s.Nodes) > 0 {
			c.log().Warn("mapper: keeping the snapshot, as the set has no nodes", "path", c.Path, "nodes", len(s.Nodes))
			return
		}
	}
	s := Snapshot{Saved: time.Now(), Query: c.Query, Partial: len(u.Skipped) > 0, Nodes: u.Nodes}
	if u.ageUnknown() {
		s.Saved = time.Time{}
	}
	if err := s.Write(c.Path); err != nil {
		c.log().Error("mapper: the snapshot cannot be written", "err", err)
	}
}

func (c *Cached) patience() time.Duration { return orElse(c.Patience, 2*time.Second) }

func (c *Cached) refresh() time.Duration { return orElse(c.Refresh, time.Minute) }

func orElse(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

func (c *Cached) log() *slog.Logger { return loggerOr(c.Log) }

// loggerOr makes a nil logger a silent one.
func loggerOr(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
