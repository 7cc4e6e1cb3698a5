package swim

import (
	"context"
	"iter"
	"sync"
)

// Event is one change of one member.
type Event struct {
	// Member is the member after the change.
	Member Member
	// Status says that its status changed; Member.Previous was the one before.
	Status bool
	// Metadata says that its metadata changed or became known, or that it
	// became an observer or ceased to be one.
	Metadata bool
	// Restarted says that the generation of the member grew: another process
	// runs under its name. Of the local member it says that it learned of an
	// earlier process under its name and took the generation after it.
	Restarted bool
	// Forgotten says that the member is no longer remembered.
	Forgotten bool
}

// backlog is how many events a consumer may be behind and still get each one.
const backlog = 1024

// Events yields first one event for every member known, the local one
// included, and then every change as it is noticed. It ends with the context,
// when the member is closed or when the consumer stops.
//
// A consumer that falls behind by more than a thousand events gets the
// further changes of one member as one event, so that the memory it can cost
// is bounded by the number of members. What it sees last of each member is
// always the newest.
func (c *Cluster) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		f := c.subscribe()
		defer c.unsubscribe(f)
		for {
			for _, e := range f.drain() {
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			select {
			case <-f.ready:
			case <-ctx.Done():
				return
			case <-c.closed:
				return
			}
		}
	}
}

// feed is one consumer's queue.
type feed struct {
	mu     sync.Mutex
	events []Event
	ready  chan struct{} // holds one token when there are events
}

func newFeed() *feed { return &feed{ready: make(chan struct{}, 1)} }

func (f *feed) push(events ...Event) {
	f.mu.Lock()
	for _, e := range events {
		f.add(e)
	}
	f.mu.Unlock()
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// add appends the event, or merges it into the member's last one if the
// consumer is far behind.
func (f *feed) add(e Event) {
	if len(f.events) >= backlog {
		for i := len(f.events) - 1; i >= 0; i-- {
			if old := &f.events[i]; old.Member.Name == e.Member.Name {
				old.Member = e.Member
				old.Status = old.Status || e.Status
				old.Metadata = old.Metadata || e.Metadata
				old.Restarted = old.Restarted || e.Restarted
				old.Forgotten = e.Forgotten
				return
			}
		}
	}
	f.events = append(f.events, e)
}

func (f *feed) drain() []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.events
	f.events = nil
	return e
}

// subscribe opens a feed that starts with everybody. Under the lock that
// events are published under, nothing is missed or told twice.
func (c *Cluster) subscribe() *feed {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := newFeed()
	for _, m := range c.book.members() {
		f.push(Event{Member: m, Status: true, Metadata: m.Metadata != nil})
	}
	c.feeds[f] = struct{}{}
	return f
}

func (c *Cluster) unsubscribe(f *feed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.feeds, f)
}
