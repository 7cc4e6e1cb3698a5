package mappertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/mapper"
)

// watch is a running Watch whose snapshots arrive on a channel.
type watch struct {
	events chan event
	cancel context.CancelFunc
}

type event struct {
	nodes []mapper.Node
	err   error
}

// start watches in a goroutine until the test or stop ends it.
func start(t testing.TB, s Source) *watch {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watch{events: make(chan event), cancel: cancel}
	go func() {
		defer close(w.events)
		for nodes, err := range s.Mapper.(mapper.Watcher).Watch(ctx) {
			select {
			case w.events <- event{nodes, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range w.events { // until the watch has ended
		}
	})
	return w
}

// until returns the first snapshot that equals the wanted one. A source may
// report other states on the way: several changes make a published set.
func (w *watch) until(t testing.TB, want []mapper.Node, limit time.Duration) {
	t.Helper()
	timeout := time.After(limit)
	var last event
	for {
		select {
		case e, open := <-w.events:
			require.True(t, open, "the watch ended before its context")
			if e.err == nil && mapper.Equal(want, e.nodes) {
				return
			}
			if e.err != nil {
				require.Empty(t, e.nodes, "nodes beside the error %v", e.err)
			}
			last = e
		case <-timeout:
			require.Equal(t, want, last.nodes, "not seen within %v (last error: %v)", limit, last.err)
			require.FailNow(t, "not seen", "the watch gave nothing within %v", limit)
		}
	}
}

// first takes the first event, which must be the whole set.
func (w *watch) first(t testing.TB, want []mapper.Node) []mapper.Node {
	t.Helper()
	select {
	case e := <-w.events:
		require.NoError(t, e.err)
		require.True(t, mapper.Equal(want, e.nodes), "want %v, got %v", want, e.nodes)
		return e.nodes
	case <-time.After(promptly):
		require.FailNow(t, "no first snapshot", "nothing within %v", promptly)
		return nil
	}
}

func watchFirst(t testing.TB, s Source) {
	want := s.publish(t, unsorted())
	start(t, s).first(t, want)
}

func watchChange(t testing.TB, s Source) {
	set := unsorted()
	s.publish(t, set[:2])
	w := start(t, s)
	w.first(t, s.expected(set[:2]))
	for _, next := range [][]mapper.Node{set, set[1:], set} {
		w.until(t, s.announce(t, next), s.Settle)
	}
}

func watchEmpty(t testing.TB, s Source) {
	s.publish(t, unsorted())
	w := start(t, s)
	w.until(t, s.announce(t, nil), s.Settle)
	w.until(t, s.announce(t, unsorted()), s.Settle)
}

func watchFreshSnapshot(t testing.TB, s Source) {
	want := s.publish(t, unsorted())
	one, two := start(t, s).first(t, want), start(t, s).first(t, want)
	spoil(one)
	require.True(t, mapper.Equal(want, two), "changing a snapshot changed another: want %v, got %v", want, two)
	start(t, s).first(t, want)
	got, err := s.Mapper.Nodes(t.Context())
	require.NoError(t, err)
	require.True(t, mapper.Equal(want, got), "changing a snapshot changed an answer: want %v, got %v", want, got)
}

func watchTwice(t testing.TB, s Source) {
	s.publish(t, unsorted())
	one, two := start(t, s), start(t, s)
	want := s.announce(t, unsorted()[:1])
	one.until(t, want, s.Settle)
	two.until(t, want, s.Settle)
	one.cancel()
	two.until(t, s.announce(t, unsorted()), s.Settle)
}

// watchEnds goes on consuming after the end of the context, as a consumer that
// only knows the sequence does.
func watchEnds(t testing.TB, s Source) {
	s.publish(t, unsorted())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	running, late := make(chan struct{}), make(chan int, 1)
	go func() {
		events := 0
		for range s.Mapper.(mapper.Watcher).Watch(ctx) {
			if events++; events == 1 {
				close(running)
			}
			if events > 100 {
				break
			}
		}
		late <- events
	}()
	within(t, running, "no first snapshot")
	cancel()
	select {
	case events := <-late:
		require.LessOrEqual(t, events, 100, "the watch goes on after its context")
	case <-time.After(promptly):
		require.FailNow(t, "the watch did not end", "%v after its context", promptly)
	}
}

// within waits for something that must happen promptly.
func within(t testing.TB, c <-chan struct{}, otherwise string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(promptly):
		require.FailNow(t, otherwise, "within %v", promptly)
	}
}

func watchCancelledBefore(t testing.TB, s Source) {
	s.publish(t, unsorted())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range s.Mapper.(mapper.Watcher).Watch(ctx) {
		}
	}()
	within(t, ended, "the watch did not end, though its context was over before it began")
}

// watchBreak leaves watches early and counts goroutines. What a source starts
// only now, such as a connection that stays open, it does not start every time:
// a leak shows in each of three rounds.
func watchBreak(t testing.TB, s Source) {
	s.publish(t, unsorted())
	var err error
	for range 3 {
		options := append([]goleak.Option{goleak.IgnoreCurrent()}, s.Leaks...)
		for range 10 {
			leaveEarly(t, s)
		}
		if err = goleak.Find(options...); err == nil {
			return
		}
	}
	require.NoError(t, err, "in each of three rounds")
}

func leaveEarly(t testing.TB, s Source) {
	t.Helper()
	for _, err := range s.Mapper.(mapper.Watcher).Watch(t.Context()) {
		require.NoError(t, err)
		return
	}
	require.FailNow(t, "the watch ended before its context")
}
