package mapper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Config says how FollowWith follows. The zero value is what Follow uses.
type Config[T any] struct {
	// Wait bounds how long FollowWith waits for the first value. Zero waits as
	// long as the context lasts.
	Wait time.Duration

	// StartEmpty returns at once, with what build makes of no nodes until the
	// source has answered; Err is ErrNoAnswer for that time. False waits.
	StartEmpty bool

	// Poll is how often a source that cannot be watched is asked. Zero means
	// DefaultPoll.
	Poll time.Duration

	// MinNodes and MaxDrop refuse poor sets of nodes, as the fields of Guard
	// do. Zero refuses none.
	MinNodes int
	MaxDrop  float64

	// Observe is told of everything that happens, in order, by the goroutine
	// that follows: it must not block, and must not call Close. Nil tells
	// nobody.
	Observe func(Event)

	// Owner says who owns a key, so that Event.Moved can tell how much an
	// update moves. It is called for a thousand keys with the old and the new
	// value. Nil leaves Moved at zero.
	Owner func(value T, key string) string

	// Log is told of updates, and when the source begins and ceases to fail.
	// Nil is silent.
	Log *slog.Logger
}

// ErrNoAnswer is the error of a View while the source has not answered yet.
var ErrNoAnswer = errors.New("the source has not answered yet")

// ErrStopped is the error of a View that is no longer followed.
var ErrStopped = errors.New("the source is no longer followed")

// Follow builds a value from the nodes of a source and builds it anew after
// every change, in a goroutine of its own, until the context ends or the View
// is closed. It waits for the first value; an error says why there is none,
// and nothing is left running then.
//
// Readers of the View never wait: they see the last good value while the source
// fails, while build fails, and after the end. Build gets nodes of its own.
//
//	view, err := mapper.Follow(ctx, source, rendezvous.Build)
//	...
//	node, ok := view.Value().Select(key)
func Follow[T any](ctx context.Context, m Mapper, build func([]Node) (T, error)) (*View[T], error) {
	return FollowWith(ctx, m, build, Config[T]{})
}

// FollowWith is Follow with a configuration.
func FollowWith[T any](ctx context.Context, m Mapper, build func([]Node) (T, error), cfg Config[T]) (*View[T], error) {
	if cfg.MinNodes > 0 || cfg.MaxDrop > 0 {
		m = &Guard{Source: m, MinNodes: cfg.MinNodes, MaxDrop: cfg.MaxDrop, Poll: cfg.Poll}
	}
	ctx, cancel := context.WithCancel(ctx)
	v := &View[T]{cancel: cancel, done: make(chan struct{})}
	f := &follower[T]{cfg: cfg, build: build, view: v, first: make(chan struct{}), log: loggerOr(cfg.Log)}
	initial := &state[T]{failure: ErrNoAnswer, since: time.Now()}
	if cfg.StartEmpty {
		var err error
		if initial.value, err = build(nil); err != nil {
			cancel()
			return nil, fmt.Errorf("building from no nodes: %w", err)
		}
	}
	v.state.Store(initial)
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
	cfg   Config[T]
	build func([]Node) (T, error)
	view  *View[T]
	first chan struct{} // closed at the first value
	log   *slog.Logger
}

func (f *follower[T]) run(ctx context.Context, m Mapper) {
	defer close(f.view.done)
	for nodes, err := range Watch(ctx, m, f.cfg.Poll) {
		if err == nil {
			err = f.update(nodes)
		}
		if err != nil {
			f.fail(err)
		}
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
		return fmt.Errorf("waiting for nodes: %w", join(limit.Err(), f.view.state.Load().failure))
	case <-f.view.done: // a source that ends by itself
		return fmt.Errorf("waiting for nodes: %w", f.view.Err())
	}
}

// update builds and publishes a value, unless the nodes are those that the
// value is built of: then the source only answers again.
func (f *follower[T]) update(nodes []Node) error {
	old := f.view.state.Load()
	next := &state[T]{value: old.value, nodes: old.nodes, built: true}
	event := Event{Nodes: len(nodes), Recovered: old.failure != nil && old.built, Age: old.age()}
	if !old.built || !Equal(old.nodes, nodes) {
		start := time.Now()
		value, err := f.build(Clone(nodes))
		if err != nil {
			return fmt.Errorf("building from %d nodes: %w", len(nodes), err)
		}
		next.value, next.nodes = value, nodes
		event.Build = time.Since(start)
		event.compare(old.nodes, nodes)
		if f.cfg.Owner != nil && old.built {
			event.Moved = moved(f.cfg.Owner, old.value, value)
		}
	}
	f.view.state.Store(next)
	if !old.built {
		close(f.first)
	}
	f.tell(event)
	return nil
}

// fail keeps the value and notes since when it is not confirmed.
func (f *follower[T]) fail(err error) {
	old := f.view.state.Load()
	next := *old
	next.failure = err
	if old.failure == nil {
		next.since = time.Now()
	}
	if stale, ok := errors.AsType[*StaleError](err); ok && stale.Saved.Before(next.since) {
		next.since = stale.Saved
	}
	f.view.state.Store(&next)
	f.tell(Event{Err: err, Nodes: len(next.nodes), Age: next.age(), Repeated: old.failure != nil && !errors.Is(old.failure, ErrNoAnswer)})
}
