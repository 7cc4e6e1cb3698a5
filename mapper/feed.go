package mapper

import (
	"context"
	"iter"
	"reflect"
	"sync"
	"time"
)

// Feed publishes the latest state of a source to any number of readers. A
// Watcher that is built on a Feed publishes with Set and Fail, and its Watch
// is that of the Feed.
//
// Each reader gets the state at once, if there is one yet, and then every
// change of it: readers never see the same set twice in a row, unless a failure
// came in between. A slow reader skips superseded states and never delays the
// publisher or another reader.
//
// The zero value is ready to use. All methods are safe for concurrent use.
type Feed struct {
	// Run does the publishing of a source that works only while it is watched.
	// The first reader starts it in a goroutine. Its context ends when the last
	// reader stops, and that reader waits for Run to return. Each start begins
	// without a state. If Run returns earlier, the readers get what is left and
	// their sequences end. Nil means that Set and Fail are called from elsewhere.
	Run func(ctx context.Context)

	membership sync.Mutex // held while Run is started or stopped
	readers    int
	stop       func()

	mu      sync.Mutex
	state   feedState
	changed chan struct{}   // closed at the next publication; nil if no reader waits
	ended   <-chan struct{} // closed when Run has returned; nil without Run
}

// feedState is replaced and never changed.
type feedState struct {
	Update
	version  int // of what was published; 0 is nothing yet
	failures int // so far; each is a change, even with the same text
}

// Set publishes u as the state. It takes u over: the caller must not change its
// slices afterwards. If u.Confirmed is zero and u.Err is nil, a set of OriginLive
// is confirmed now. Publishing the same Err again is not another failure.
func (f *Feed) Set(u Update) {
	if u.Confirmed.IsZero() && u.Err == nil && u.Origin == OriginLive {
		u.Confirmed = time.Now()
	}
	if u.Err == nil && u.Nodes == nil {
		u.Nodes = []Node{}
	}
	f.publish(func(s *feedState) {
		if u.Err != nil && !sameError(u.Err, s.Err) {
			s.failures++
		}
		s.Update = u
	})
}

// Fail publishes that the source failed. The set published last stands, with
// err as the reason why it may be stale. Readers see each call, even if err
// is the same.
func (f *Feed) Fail(err error) {
	f.publish(func(s *feedState) {
		s.failures++
		s.Update = s.failed(err)
	})
}

func (f *Feed) publish(change func(*feedState)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.state)
	f.state.version++
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// Latest returns a copy of the state; ok is false if nothing was published yet.
func (f *Feed) Latest() (u Update, ok bool) {
	s, _, _ := f.load()
	return s.Clone(), s.version > 0
}

// load returns the state, a channel that is closed at the next publication, and
// one that is closed when Run has returned.
func (f *Feed) load() (s feedState, changed, ended <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.state, f.changed, f.ended
}

// Watch keeps the promises of [Watcher] for a source that publishes by f.
func (f *Feed) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		if ctx.Err() != nil {
			return
		}
		f.join()
		defer f.leave()
		var seen feedState
		for over := false; ctx.Err() == nil; {
			s, changed, ended := f.load()
			if s.isNewsAfter(seen) && !yield(s.Clone()) {
				return
			}
			if over {
				return
			}
			seen = s
			select {
			case <-changed:
			case <-ended:
				over = true // after what Run published last
			case <-ctx.Done():
			}
		}
	}
}

// isNewsAfter reports whether a reader that has seen one state must get
// another. No other place between a source and its readers decides that.
func (s feedState) isNewsAfter(seen feedState) bool {
	switch {
	case s.version == seen.version:
		return false
	case seen.version == 0, (s.Err == nil) != (seen.Err == nil), s.Err != nil && s.failures != seen.failures:
		return true
	}
	return !s.sameSet(seen.Update)
}

// join counts a reader and starts Run for the first one.
func (f *Feed) join() {
	f.membership.Lock()
	defer f.membership.Unlock()
	if f.readers++; f.readers > 1 || f.Run == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	f.mu.Lock()
	f.state, f.ended = feedState{}, done
	f.mu.Unlock()
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	f.stop = func() { cancel(); <-done }
}

// leave stops Run after the last reader, and waits for it to return.
func (f *Feed) leave() {
	f.membership.Lock()
	defer f.membership.Unlock()
	if f.readers--; f.readers == 0 && f.Run != nil {
		f.stop()
	}
}

// sameError reports whether both are the same value. Errors whose type does not
// allow the comparison differ.
func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b //nolint:errorlint // identity is meant
}
