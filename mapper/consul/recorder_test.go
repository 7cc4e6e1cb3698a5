package consul

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// event is what a watch yielded, and when. A failure that brings other nodes
// than the update before makes two.
type event struct {
	names []string
	err   error
	at    time.Time
}

// recorder consumes a watch in a goroutine.
type recorder struct {
	t      testing.TB
	events chan event
	cancel context.CancelFunc
	done   chan struct{}
}

// record watches until the test ends or the recorder stops.
func record(t testing.TB, s *Source) *recorder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &recorder{t: t, events: make(chan event, 10_000), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		var last []mapper.Node
		for u := range s.Watch(ctx) {
			if u.Err == nil || u.Nodes != nil && !mapper.Equal(last, u.Nodes) {
				r.events <- event{names(u.Nodes), nil, time.Now()}
				last = u.Nodes
			}
			if u.Err != nil {
				r.events <- event{nil, u.Err, time.Now()}
			}
		}
	}()
	t.Cleanup(r.stop)
	return r
}

// stop ends the watch and waits for its end.
func (r *recorder) stop() {
	r.cancel()
	<-r.done
}

// next returns the next event.
func (r *recorder) next() event {
	r.t.Helper()
	select {
	case e := <-r.events:
		return e
	case <-time.After(5 * patience): // in a bubble, events may be a minute apart
	case <-r.done:
	}
	require.FailNow(r.t, "there is no next event")
	return event{}
}

// nodes expects the next event to be these nodes.
func (r *recorder) nodes(want ...string) event {
	r.t.Helper()
	e := r.next()
	require.NoError(r.t, e.err)
	if len(want) == 0 {
		require.Empty(r.t, e.names)
		return e
	}
	require.Equal(r.t, want, e.names)
	return e
}

// fails expects the next event to be an error of a kind.
func (r *recorder) fails(kind error) event {
	r.t.Helper()
	e := r.next()
	require.ErrorIs(r.t, e.err, kind)
	require.Empty(r.t, e.names)
	return e
}

// until skips events up to a wanted one, within the patience of a test with
// a real agent.
func (r *recorder) until(what string, wanted func(event) bool) event {
	r.t.Helper()
	timeout := time.After(patience)
	var last event
	for {
		select {
		case e := <-r.events:
			if wanted(e) {
				return e
			}
			last = e
		case <-timeout:
			require.FailNow(r.t, "not seen: "+what, "the last event was %v", last)
		}
	}
}

func (r *recorder) untilNodes(want ...string) {
	r.t.Helper()
	r.until("nodes", func(e event) bool {
		return e.err == nil && len(e.names) == len(want) && (len(want) == 0 || mapper.Equal(named(want), named(e.names)))
	})
}

func named(names []string) []mapper.Node {
	nodes := make([]mapper.Node, len(names))
	for i, n := range names {
		nodes[i].Name = n
	}
	return nodes
}

// quiet expects no event for a while.
func (r *recorder) quiet(d time.Duration) {
	r.t.Helper()
	select {
	case e := <-r.events:
		require.Fail(r.t, "an event that says nothing new", "%v", e)
	case <-time.After(d):
	}
}
