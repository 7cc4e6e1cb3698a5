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
// answers with it when the source cannot be asked at the start. Put a Guard
// inside of it, so that what the Guard refuses is not kept.
//
// It is safe for any number of goroutines, and several processes may share the
// file; its fields are set before it is used.
type Cached struct {
	Source Mapper

	// Path names the file. See Snapshot for what is in it.
	Path string

	// MaxStale is the greatest age of a snapshot that is used. Zero uses any.
	MaxStale time.Duration

	// Patience is how long the source may take for its first answer before the
	// snapshot is used instead. Zero means 2 s.
	Patience time.Duration

	// Refresh is how often a watch writes an unchanged set again while the
	// source answers, so that the age of the snapshot is that of the last
	// contact and not that of the last change. Zero means one minute.
	Refresh time.Duration

	// Poll is how often Watch asks a Source that cannot be watched. Zero means
	// DefaultPoll.
	Poll time.Duration

	// Log is told when the snapshot is used, and when it cannot be written or
	// read: neither stops the source. Nil is silent.
	Log *slog.Logger
}

var _ Watcher = (*Cached)(nil)

// StaleError says that the source cannot be asked and how old the knowledge is
// that there is instead.
type StaleError struct {
	Saved time.Time     // when the source was last heard
	Limit time.Duration // the age that was exceeded, or 0 if it was not
	Err   error         // why the source cannot be asked
}

// Error gives the age and the reason.
func (e *StaleError) Error() string {
	age := age(e.Saved).Round(time.Second)
	if e.Limit > 0 {
		return fmt.Sprintf("the snapshot is %v old (the limit is %v), and the source cannot be asked: %v", age, e.Limit, e.Err)
	}
	return fmt.Sprintf("using a snapshot that is %v old, as the source cannot be asked: %v", age, e.Err)
}

// Unwrap returns why the source cannot be asked.
func (e *StaleError) Unwrap() error { return e.Err }

// age is never negative, whatever happened to the clock.
func age(t time.Time) time.Duration { return max(0, time.Since(t)) }

// errNoAnswer stands for a source that has not answered within Patience.
var errNoAnswer = errors.New("no answer yet")

// Ask asks the source and writes its answer, or else returns the snapshot with
// a nil error and a *StaleError as the reason. A snapshot that is too old is
// an error, a *StaleError with its limit.
func (c *Cached) Ask(ctx context.Context) (s Snapshot, reason, err error) {
	nodes, err := c.ask(ctx)
	if ctx.Err() != nil {
		return Snapshot{}, nil, ctx.Err()
	}
	if err != nil {
		return c.instead(err)
	}
	s = Snapshot{time.Now(), nodes}
	c.write(s)
	return s, nil, nil
}

func (c *Cached) ask(ctx context.Context) ([]Node, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience())
	defer cancel()
	return c.Source.Nodes(ctx)
}

// Nodes is Ask for those who do not mind the age.
func (c *Cached) Nodes(ctx context.Context) ([]Node, error) {
	s, reason, err := c.Ask(ctx)
	if err != nil {
		return nil, err
	}
	if reason != nil {
		c.log().Warn("mapper: the snapshot answers", "path", c.Path, "reason", reason)
	}
	return s.Nodes, nil
}

// instead finds what to say in place of a source that fails for a reason.
func (c *Cached) instead(why error) (s Snapshot, reason, err error) {
	s, err = ReadSnapshot(c.Path)
	stale := &StaleError{Saved: s.Saved, Err: why}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Snapshot{}, nil, why
	case err != nil:
		return Snapshot{}, nil, join(why, err)
	case c.MaxStale > 0 && age(s.Saved) > c.MaxStale:
		stale.Limit = c.MaxStale
		return Snapshot{}, nil, stale
	}
	return s, stale, nil
}

// Watch watches the source. If it fails, or has no answer within Patience,
// before it ever answered, the snapshot is reported and after it a *StaleError.
func (c *Cached) Watch(ctx context.Context) iter.Seq2[[]Node, error] {
	return func(yield func([]Node, error) bool) {
		events, stop := listen(ctx, c.Source, c.Poll)
		defer stop()
		w := keeping{Cached: c}
		w.patient.set(c.patience())
		defer w.patient.stop()
		refresh := time.NewTicker(c.refresh())
		defer refresh.Stop()
		for {
			var out []event
			select {
			case e, open := <-events:
				if !open {
					return
				}
				out = w.take(e)
			case <-w.patient.c:
				out = w.take(event{err: errNoAnswer})
			case <-refresh.C:
				w.keep()
			}
			for _, e := range out {
				if ctx.Err() != nil || !yield(e.nodes, e.err) {
					return
				}
			}
		}
	}
}

// keeping is one watch of a Cached.
type keeping struct {
	*Cached
	patient alarm // rings when the first answer takes too long
	nodes   []Node
	live    bool      // the source has answered
	failing bool      // and does not now
	saved   time.Time // of the snapshot that stands in; zero if none does
}

// take notes an event of the source and returns what to yield.
func (w *keeping) take(e event) []event {
	w.patient.stop()
	w.failing = e.err != nil
	switch {
	case e.err == nil:
		w.nodes, w.live, w.saved = Clone(e.nodes), true, time.Time{}
		w.keep()
		return []event{e}
	case w.live:
		return []event{e}
	case !w.saved.IsZero():
		return []event{{err: &StaleError{Saved: w.saved, Err: e.err}}}
	}
	s, reason, err := w.instead(e.err)
	if err != nil {
		return []event{{err: err}}
	}
	w.log().Warn("mapper: the snapshot stands in", "path", w.Path, "reason", reason)
	w.saved = s.Saved
	return []event{{nodes: s.Nodes}, {err: reason}}
}

// keep writes the set of a source that answers.
func (w *keeping) keep() {
	if w.live && !w.failing {
		w.write(Snapshot{time.Now(), w.nodes})
	}
}

func (c *Cached) write(s Snapshot) {
	if err := s.Write(c.Path); err != nil {
		c.log().Error("mapper: the snapshot cannot be written", "error", err)
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
