package consul

import (
	"context"
	"sync"

	"github.com/proxenos/proxenos/mapper"
)

// feed lets any number of consumers share one watch. The watch runs while
// there are consumers.
type feed struct {
	membership sync.Mutex // held while the watch is started or stopped
	consumers  int
	stop       func()

	mu      sync.Mutex
	state   state
	changed chan struct{} // closed and replaced at each change of the state
}

// state is what a watch knows. It is replaced, never changed.
type state struct {
	nodes    []mapper.Node
	version  int   // of the nodes; 0 is not known yet
	err      error // why the nodes may be out of date
	failures int   // errors so far
}

// join starts the watch for the first consumer.
func (f *feed) join(run func(context.Context)) {
	f.membership.Lock()
	defer f.membership.Unlock()
	if f.consumers++; f.consumers > 1 {
		return
	}
	f.mu.Lock()
	f.state, f.changed = state{}, make(chan struct{})
	f.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx)
	}()
	f.stop = func() { cancel(); <-done }
}

// leave stops the watch after the last consumer, and waits for its end.
func (f *feed) leave() {
	f.membership.Lock()
	defer f.membership.Unlock()
	if f.consumers--; f.consumers == 0 {
		f.stop()
	}
}

// current returns the state, and what is closed when there is another.
func (f *feed) current() (state, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state, f.changed
}

// set publishes nodes, unless they are nil for "not known" or hold nothing
// new, and the error that stands beside them.
func (f *feed) set(nodes []mapper.Node, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := f.state
	if nodes != nil && (next.version == 0 || !mapper.Equal(nodes, next.nodes)) {
		next.nodes, next.version = nodes, next.version+1
	}
	if err != nil && err != next.err { //nolint:errorlint // each failure is a value of its own
		next.failures++
	}
	if next.version == f.state.version && next.failures == f.state.failures && (err == nil) == (next.err == nil) {
		return
	}
	next.err = err
	f.state = next
	close(f.changed)
	f.changed = make(chan struct{})
}

// consumer yields what one consumer has not seen yet.
type consumer struct {
	version, failures int
	failing           bool // the last that was yielded was an error
}

// tell yields the news of a state: the nodes if they changed or are good
// again, then the error. It reports whether the consumer goes on.
func (c *consumer) tell(s state, yield func([]mapper.Node, error) bool) bool {
	if s.version > c.version || s.version > 0 && c.failing && s.err == nil {
		c.version, c.failing = s.version, false
		if !yield(mapper.Clone(s.nodes), nil) {
			return false
		}
	}
	if s.err != nil && s.failures > c.failures {
		c.failures, c.failing = s.failures, true
		return yield(nil, s.err)
	}
	return true
}
