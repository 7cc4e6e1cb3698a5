package swim

import (
	"context"
	"iter"
	"sync"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// Event is one change of one member.
type Event struct {
	// Member is the member after the change.
	Member Member
	// Status says that its status changed; the one before is Member.Previous.
	Status bool
	// Metadata says that its metadata changed or became known, or that it became
	// an observer or ceased to be one.
	Metadata bool
	// Restarted says that its generation grew: another process runs under its
	// name. Of the local member it says that it learned of an earlier process
	// and took the generation after it.
	Restarted bool
	// Reaped says that the member was removed, after it was offline or left for
	// long.
	Reaped bool
}

func newEvent(e members.Event) Event {
	return Event{Member: newMember(e.Member), Status: e.Status, Metadata: e.Metadata, Restarted: e.Restarted, Reaped: e.Reaped}
}

// backlog is how many events a consumer may be behind and still get each one.
const backlog = 1024

// Events yields one event for every known member, the local one included, and
// then every change. The sequence ends with the context and when the member is
// closed.
//
// A consumer that falls behind by more than 1,024 events gets the further
// changes of a member merged into one event, so that the memory it can cost is
// bounded by the number of members. The last event of each member is always the
// newest.
func (c *Cluster) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		q := c.subscribe()
		defer c.unsubscribe(q)
		for {
			for _, e := range q.drain() {
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			select {
			case <-q.ready:
			case <-ctx.Done():
				return
			case <-c.closed:
				return
			}
		}
	}
}

// eventQueue holds the events that one consumer has not taken yet.
type eventQueue struct {
	mu     sync.Mutex
	events []Event
	ready  chan struct{} // holds one token when there are events
}

func newEventQueue() *eventQueue { return &eventQueue{ready: make(chan struct{}, 1)} }

func (q *eventQueue) push(events ...Event) {
	q.mu.Lock()
	for _, e := range events {
		q.add(e)
	}
	q.mu.Unlock()
	wake(q.ready)
}

// add appends the event, or merges it into the last one of the member if the
// consumer is far behind.
func (q *eventQueue) add(e Event) {
	if len(q.events) >= backlog {
		for i := len(q.events) - 1; i >= 0; i-- {
			if old := &q.events[i]; old.Member.Name == e.Member.Name {
				old.Member = e.Member
				old.Status = old.Status || e.Status
				old.Metadata = old.Metadata || e.Metadata
				old.Restarted = old.Restarted || e.Restarted
				old.Reaped = e.Reaped
				return
			}
		}
	}
	q.events = append(q.events, e)
}

func (q *eventQueue) drain() []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.events
	q.events = nil
	return e
}

// subscribe returns a queue that starts with every member. It holds the lock
// under which events are published, so none is lost or delivered twice.
func (c *Cluster) subscribe() *eventQueue {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := newEventQueue()
	for _, m := range c.table.Members() {
		q.push(Event{Member: newMember(m), Status: true, Metadata: m.Metadata != nil})
	}
	c.consumers[q] = struct{}{}
	return q
}

func (c *Cluster) unsubscribe(q *eventQueue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.consumers, q)
}
