package mapper

import (
	"context"
	"sync/atomic"
	"time"
)

// View holds the value that Follow keeps up to date. All of its methods are
// safe for concurrent use, and none of them blocks but Close.
type View[T any] struct {
	state  atomic.Pointer[state[T]]
	cancel context.CancelFunc
	done   chan struct{}
}

// state is immutable.
type state[T any] struct {
	value T
	// set holds the nodes that value is built from and how sure they are. Its
	// Err says why the value may be stale, a failure to build among the reasons.
	set     Update
	built   bool      // value is built from nodes that the source reported
	stopped bool      // the source is no longer followed
	since   time.Time // since when the value may be stale, for either reason
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

// Value returns the last good value. It costs one atomic load.
func (v *View[T]) Value() T { return v.state.Load().value }

// Nodes returns a copy of the nodes that the value is built from.
func (v *View[T]) Nodes() []Node { return Clone(v.state.Load().set.Nodes) }

// Err returns nil while the source answers and its nodes make a value.
// Otherwise it says why the value may be stale: the source's error, a
// *GuardError, a *StaleError, the error of build, ErrNoAnswer or ErrStopped.
func (v *View[T]) Err() error { return v.state.Load().err() }

// Age returns for how long the value may have been stale: 0 while Err is nil,
// then the time since the source ceased to answer, or since the snapshot was
// saved that stands in for it. It does not count the time that the source takes
// to notice that it is cut off.
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
	v.state.Store(&next)
}
