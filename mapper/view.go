package mapper

import (
	"context"
	"sync/atomic"
	"time"
)

// View holds the value that Follow keeps up to date. All of its methods are
// safe for any number of goroutines, and none of them waits but Close.
type View[T any] struct {
	state  atomic.Pointer[state[T]]
	cancel context.CancelFunc
	done   chan struct{}
}

// state is immutable.
type state[T any] struct {
	value T
	nodes []Node
	built bool // value is built from nodes that the source reported

	failure error     // why the value may be stale
	stopped bool      // nobody follows any more
	since   time.Time // since when the value may be stale, for either reason
}

func (s *state[T]) err() error {
	if s.stopped {
		return join(ErrStopped, s.failure)
	}
	return s.failure
}

func (s *state[T]) age() time.Duration {
	if s.failure == nil && !s.stopped {
		return 0
	}
	return age(s.since)
}

// Value returns the last good value. It costs one atomic load.
func (v *View[T]) Value() T { return v.state.Load().value }

// Nodes returns a copy of the nodes that the value is built from.
func (v *View[T]) Nodes() []Node { return Clone(v.state.Load().nodes) }

// Err returns nil while the source answers and its nodes make a value.
// Otherwise it says why the value may be stale: the source's error, a
// *GuardError, a *StaleError, the error of build, ErrNoAnswer or ErrStopped.
func (v *View[T]) Err() error { return v.state.Load().err() }

// Age returns for how long the value may have been stale: 0 while Err is nil,
// then the time since the source ceased to answer, or since the snapshot was
// saved that stands in for it. What the source itself takes to notice that it
// is cut off is not counted.
func (v *View[T]) Age() time.Duration { return v.state.Load().age() }

// Close ends the following and waits for it. The value stays. Closing twice is
// as good as once.
func (v *View[T]) Close() {
	v.cancel()
	<-v.done
}

// Done is closed once the source is no longer followed, after the end of the
// context, Close, or a source that ended by itself.
func (v *View[T]) Done() <-chan struct{} { return v.done }

// end is called by the follower when nothing can follow.
func (v *View[T]) end() {
	next := *v.state.Load()
	if next.failure == nil {
		next.since = time.Now()
	}
	next.stopped = true
	v.state.Store(&next)
}
