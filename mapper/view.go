package mapper

import (
	"context"
	"iter"
	"sync/atomic"
	"time"
)

// View holds the value that Follow keeps up to date. All of its methods are
// safe for concurrent use, and only Close blocks.
type View[T any] struct {
	state  atomic.Pointer[state[T]]
	cancel context.CancelFunc
	done   chan struct{}
	keep   time.Duration // of FollowConfig.KeepPrevious
}

// state is immutable.
type state[T any] struct {
	value T
	// set holds the nodes that value is built from and how sure they are. Its
	// Err says why the value may be stale, a failure to build among the reasons.
	set     Update
	built   bool      // value is built from nodes that the source reported
	version int       // number of values that were built
	stopped bool      // the source is no longer followed
	since   time.Time // since when the value may be stale, for either reason
	earlier history[T]

	replaced chan struct{} // closed when another state is current
}

func (s *state[T]) err() error {
	if s.stopped {
		return join(ErrStopped, s.set.Err)
	}
	return s.set.Err
}

func (s *state[T]) age() time.Duration {
	if s.set.Err == nil && !s.stopped {
		return 0
	}
	return age(s.since)
}

// State is what a View knows at one moment.
type State[T any] struct {
	// Value is the last good value.
	Value T
	// Set holds the nodes that Value is built from and how sure they are. Its Err
	// is that of View.Err.
	Set Update
	// Age is that of View.Age.
	Age time.Duration
}

// State returns everything that the View knows, in one consistent picture: the
// value, its nodes and Err belong together, unlike the results of several calls.
func (v *View[T]) State() State[T] {
	s := v.state.Load()
	set := s.set.Clone()
	set.Err = s.err()
	return State[T]{Value: s.value, Set: set, Age: s.age()}
}

// Changed returns a channel that is closed when the state changes: the value, its
// nodes, or how sure they are. Call it before State, so that no change is missed:
//
//	for {
//		changed := view.Changed()
//		use(view.State())
//		select {
//		case <-changed:
//		case <-view.Done():
//			return
//		}
//	}
func (v *View[T]) Changed() <-chan struct{} { return v.state.Load().replaced }

// Values yields the value, and then every later one, until the context ends or the
// source is no longer followed. Between two steps it waits for a change of the value;
// a change of Err or Age alone is none. Of several changes during a step it yields
// only the last value, so a slow caller is never behind.
func (v *View[T]) Values(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		for s, ok := v.state.Load(), true; ok && yield(s.value); {
			s, ok = v.await(ctx, s)
		}
	}
}

// await waits for a state with another value than s. It returns false at the end of
// the context or of the source.
func (v *View[T]) await(ctx context.Context, s *state[T]) (next *state[T], ok bool) {
	for next = s; next.version == s.version; next = v.state.Load() {
		select {
		case <-next.replaced:
		case <-ctx.Done():
			return nil, false
		case <-v.done: // after the last state
			next = v.state.Load()
			return next, next.version != s.version
		}
	}
	return next, true
}

// Value returns the last good value. It costs one atomic load.
func (v *View[T]) Value() T { return v.state.Load().value }

// Nodes returns a copy of the nodes that the value is built from.
func (v *View[T]) Nodes() []Node { return Clone(v.state.Load().set.Nodes) }

// Err returns nil while the source answers and its nodes make a value.
// Otherwise it says why the value may be stale: the source's error, a
// *GuardError, a *StaleError, the error of build, ErrNoAnswer or ErrStopped.
func (v *View[T]) Err() error { return v.state.Load().err() }

// Age returns for how long the value may have been stale: 0 while Err is nil,
// then the time since the source ceased to answer, or since a live source last
// confirmed the snapshot or cache that stands in for it. If that time is unknown, so
// that State has no Set.Confirmed, the former counts. It does not count the time that
// the source takes to notice that it is cut off.
func (v *View[T]) Age() time.Duration { return v.state.Load().age() }

// Close stops following and waits for it to end. The value stays. It is
// idempotent.
func (v *View[T]) Close() {
	v.cancel()
	<-v.done
}

// Done returns a channel that is closed when the source is no longer followed:
// after the end of the context, Close, or the end of the source's sequence.
func (v *View[T]) Done() <-chan struct{} { return v.done }

// end publishes that the source is no longer followed.
func (v *View[T]) end() {
	next := *v.state.Load()
	if next.set.Err == nil {
		next.since = time.Now()
	}
	next.stopped = true
	v.publish(&next)
}

// publish makes a state the current one. Only one goroutine publishes.
func (v *View[T]) publish(next *state[T]) {
	next.replaced = make(chan struct{})
	if old := v.state.Swap(next); old != nil {
		close(old.replaced)
	}
}
