package mapper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// FollowConfig says how FollowWith follows. The zero value is what Follow uses.
type FollowConfig[T any] struct {
	// Wait bounds how long FollowWith waits for the first value. Zero waits as
	// long as the context lasts.
	Wait time.Duration

	// StartEmpty returns at once. Until the source has answered, the value is
	// that of no nodes, and Err is ErrNoAnswer. False waits for the first value.
	StartEmpty bool

	// Observe is called for every event, in order, by the goroutine that follows
	// the source. It must not block and must not call Close. It may be nil.
	Observe func(Event)

	// Owner returns the owner of a key. Each update calls it for a thousand keys
	// with the old and the new value, to find Event.Moved. Nil leaves Moved at
	// zero.
	Owner func(value T, key string) string

	// KeepPrevious is how long View.Previous yields a value after another one
	// replaced it: the window of a migration. Zero keeps no values.
	KeepPrevious time.Duration

	// KeepValues is the greatest number of values that View.Previous yields. Each
	// takes the memory of a value until a later update. Every step of a
	// [SlowStart] makes one. Zero means DefaultKeepValues.
	KeepValues int

	// Log gets the updates, and when the source begins and ceases to fail. Nil
	// is silent.
	Log *slog.Logger
}

// check returns an error for values that cannot mean anything.
func (c *FollowConfig[T]) check() error {
	switch {
	case c.KeepPrevious < 0:
		return fmt.Errorf("follow: KeepPrevious %v: must not be negative", c.KeepPrevious)
	case c.KeepValues < 0:
		return fmt.Errorf("follow: KeepValues %d: must not be negative", c.KeepValues)
	}
	return nil
}

// ErrNoAnswer is the error of a View while the source has not answered yet.
var ErrNoAnswer = errors.New("the source has not answered yet")

// ErrStopped is the error of a View that is no longer followed.
var ErrStopped = errors.New("the source is no longer followed")

// Follow builds a value from the nodes of a source, and builds it again after
// every change until the context ends or the View is closed. It waits for the
// first value; an error says why there is none, and leaves nothing running. A
// source that is not a Watcher is polled every DefaultPoll; wrap it in [Polled]
// for another interval.
//
// Readers of the View never wait: they see the last good value while the source
// fails, while build fails (View.Err is a [*BuildError] then), and after the end. Build owns the nodes it gets.
//
//	view, err := mapper.Follow(ctx, source, rendezvous.Build)
//	...
//	node, ok := view.Value().Select(key)
func Follow[T any](ctx context.Context, m Mapper, build func([]Node) (T, error)) (*View[T], error) {
	return FollowWith(ctx, m, build, FollowConfig[T]{})
}

// FollowWith is Follow with a configuration.
func FollowWith[T any](ctx context.Context, m Mapper, build func([]Node) (T, error), cfg FollowConfig[T]) (*View[T], error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	v := &View[T]{cancel: cancel, done: make(chan struct{}), keep: cfg.KeepPrevious}
	f := &follower[T]{cfg: cfg, build: build, view: v, first: make(chan struct{}), log: loggerOr(cfg.Log)}
	initial := &state[T]{set: Update{Err: ErrNoAnswer}, since: time.Now()}
	if cfg.StartEmpty {
		var err error
		if initial.value, err = build(nil); err != nil {
			cancel()
			return nil, fmt.Errorf("building from no nodes: %w", err)
		}
	}
	v.publish(initial)
	go f.run(ctx, m)
	if cfg.StartEmpty {
		return v, nil
	}
	if err := f.wait(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// follower is the one writer of a View.
type follower[T any] struct {
	cfg   FollowConfig[T]
	build func([]Node) (T, error)
	view  *View[T]
	first chan struct{} // closed at the first value
	log   *slog.Logger
	gone  []string // nodes in use although gone, as the log has them
}

func (f *follower[T]) run(ctx context.Context, m Mapper) {
	defer close(f.view.done)
	for u := range watcherOf(m).Watch(ctx) {
		f.take(u)
	}
	f.view.end()
}

// wait returns nil as soon as there is a value.
func (f *follower[T]) wait(ctx context.Context) error {
	limit, cancel := ctx, context.CancelFunc(func() {})
	if f.cfg.Wait > 0 {
		limit, cancel = context.WithTimeout(ctx, f.cfg.Wait)
	}
	defer cancel()
	select {
	case <-f.first:
		return nil
	case <-limit.Done():
		return fmt.Errorf("waiting for nodes: %w", join(limit.Err(), f.view.state.Load().set.Err))
	case <-f.view.done: // a source that ends by itself
		return fmt.Errorf("waiting for nodes: %w", f.view.Err())
	}
}

// take publishes what the source reports. A failure keeps the value, and so
// does a set that cannot be built.
func (f *follower[T]) take(u Update) {
	old := f.view.state.Load()
	next := *old
	next.set.Err = u.Err
	var updated Event
	var built bool
	if u.Known() {
		var err error
		if updated, built, err = f.update(&next, u); err != nil {
			next.set.Err = join(u.Err, err)
		}
	}
	next.since = since(old, &next)
	f.view.publish(&next)
	if next.built && !old.built {
		close(f.first)
	}
	f.report(old, &next, updated, built)
}

// update puts u into the next state and builds a value, unless the nodes are
// those that the value is built from.
func (f *follower[T]) update(next *state[T], u Update) (e Event, built bool, err error) {
	e.Nodes = len(u.Nodes)
	if changed := e.compare(next.set.Nodes, u.Nodes); next.built && !changed {
		next.set = u
		return e, false, nil
	}
	start := time.Now()
	value, err := f.build(Clone(u.Nodes))
	if err != nil {
		return e, false, buildError(err, next.set.Nodes, u.Nodes)
	}
	e.Build = time.Since(start)
	if f.cfg.Owner != nil && next.built {
		e.Moved = moved(f.cfg.Owner, next.value, value)
	}
	keep := f.cfg.KeepPrevious
	next.earlier = next.earlier.replaced(next, u.Nodes, keep, cmp.Or(f.cfg.KeepValues, DefaultKeepValues))
	next.value, next.set, next.built = value, u, true
	next.version++
	return e, true, nil
}

// since returns since when the next state may be stale. What a snapshot or a cache
// holds is as old as its confirmation.
func since[T any](old, next *state[T]) time.Time {
	now, confirmed := time.Now(), next.set.Confirmed
	switch {
	case next.set.Err == nil:
		return time.Time{}
	case next.set.Origin != OriginLive && !confirmed.IsZero() && confirmed.Before(now):
		return confirmed
	case old.set.Err != nil:
		return old.since
	default:
		return now
	}
}

// report tells the observer and the log of an update, of a failure, or of both.
func (f *follower[T]) report(old, next *state[T], updated Event, built bool) {
	err := next.set.Err
	if err == nil || built {
		updated.Recovered = err == nil && old.set.Err != nil && old.built
		updated.Age = old.age()
		f.tell(updated)
	}
	if err != nil {
		repeated := old.set.Err != nil && !errors.Is(old.set.Err, ErrNoAnswer)
		f.tell(Event{Err: err, Nodes: len(next.set.Nodes), Age: next.age(), Repeated: repeated})
	}
}
