package mapper

import (
	"context"
	"iter"
	"math/rand/v2"
	"sync"
	"time"
)

// DefaultPoll is how often a source that cannot be watched is asked, where
// nobody says otherwise.
const DefaultPoll = 10 * time.Second

// Watch yields the whole set of nodes, first as it is and again after each
// change, whatever the source: a Watcher is watched, anything else is polled.
// Zero or less for every means DefaultPoll; a Watcher has no use for it.
//
// A snapshot that equals the one before is dropped, unless an error came in
// between: then it says that the source answers again. While the consumer is
// busy newer snapshots replace older ones, so that it never lags behind by
// more than one. Otherwise the promises are those of Watcher: an empty set
// with a nil error is authoritatively nobody, an error means that the set
// before still stands, and the sequence ends with the context, or with that of
// the source.
//
// Polling varies its interval by a tenth, gives each question as long as the
// interval but at least 10 s, and after an error asks again after 0.1 s, then
// ever later up to the interval.
func Watch(ctx context.Context, m Mapper, every time.Duration) iter.Seq2[[]Node, error] {
	return func(yield func([]Node, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		box := newMailbox()
		go func() {
			defer close(box.closed)
			for nodes, err := range watchOrPoll(ctx, m, every) {
				box.put(nodes, err)
			}
		}()
		defer func() {
			cancel()
			<-box.closed
		}()
		var seen seen
		for e := range box.all(ctx) {
			if seen.isNews(e) && !yield(e.nodes, e.err) {
				return
			}
		}
	}
}

// event is what a watch yields.
type event struct {
	nodes []Node
	err   error
}

func watchOrPoll(ctx context.Context, m Mapper, every time.Duration) iter.Seq2[[]Node, error] {
	if w, ok := m.(Watcher); ok {
		return w.Watch(ctx)
	}
	if every <= 0 {
		every = DefaultPoll
	}
	return poll(ctx, m, every)
}

const (
	leastTimeout = 10 * time.Second       // for one question to a polled source
	firstRetry   = 100 * time.Millisecond // after the first error
)

func poll(ctx context.Context, m Mapper, every time.Duration) iter.Seq2[[]Node, error] {
	return func(yield func([]Node, error) bool) {
		retry := min(firstRetry, every)
		for ctx.Err() == nil {
			nodes, err := ask(ctx, m, max(every, leastTimeout))
			if ctx.Err() != nil || !yield(nodes, err) {
				return
			}
			wait := every
			if err != nil {
				wait, retry = retry, min(2*retry, every)
			} else {
				retry = min(firstRetry, every)
			}
			sleep(ctx, wait+time.Duration((rand.Float64()-0.5)*0.2*float64(wait)))
		}
	}
}

func ask(ctx context.Context, m Mapper, limit time.Duration) ([]Node, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	nodes, err := m.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	return nodes, nil
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// seen remembers what the consumer knows.
type seen struct {
	nodes   []Node
	any     bool // there was a snapshot
	failing bool // the last event was an error
}

// isNews reports whether an event tells the consumer something, and remembers
// it. It keeps a copy: the snapshot is the consumer's own.
func (s *seen) isNews(e event) bool {
	if e.err != nil {
		s.failing = true
		return true
	}
	if s.any && !s.failing && Equal(s.nodes, e.nodes) {
		return false
	}
	s.nodes, s.any, s.failing = Clone(e.nodes), true, false
	return true
}

// mailbox holds what the consumer has not taken yet: the newest snapshot, and
// an error that came after it.
type mailbox struct {
	mu     sync.Mutex
	nodes  []Node
	any    bool
	err    error
	ready  chan struct{} // has an element while there is something to take
	closed chan struct{}
}

func newMailbox() *mailbox {
	return &mailbox{ready: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (b *mailbox) put(nodes []Node, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.nodes, b.any = nodes, true
	}
	b.err = err // a snapshot takes an older error back
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// take empties the box in the order of arrival.
func (b *mailbox) take() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var events []event
	if b.any {
		events = append(events, event{nodes: b.nodes})
	}
	if b.err != nil {
		events = append(events, event{err: b.err})
	}
	b.nodes, b.any, b.err = nil, false, nil
	return events
}

// all yields events until the context or the writer ends.
func (b *mailbox) all(ctx context.Context) iter.Seq[event] {
	return func(yield func(event) bool) {
		for open := true; open; {
			select {
			case <-b.ready:
			case <-b.closed:
				open = false // after what is left
			case <-ctx.Done():
			}
			for _, e := range b.take() {
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			if ctx.Err() != nil {
				return
			}
		}
	}
}

// listen is Watch in a goroutine of its own, for a wrapper that has to wait
// for other things too. The channel is closed at the end of the sequence; stop
// brings the end about and waits for it.
func listen(ctx context.Context, m Mapper, every time.Duration) (events <-chan event, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	c := make(chan event)
	go func() {
		defer close(c)
		for nodes, err := range Watch(ctx, m, every) {
			select {
			case c <- event{nodes, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c, func() {
		cancel()
		for range c { // until its end
		}
	}
}
