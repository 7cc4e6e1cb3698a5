package mappertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// watch is a running Watch whose updates arrive on a channel.
type watch struct {
	updates chan mapper.Update
	cancel  context.CancelFunc
}

// start watches in a goroutine until the test or stop ends it.
func start(t testing.TB, s Source) *watch {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watch{updates: make(chan mapper.Update), cancel: cancel}
	go func() {
		defer close(w.updates)
		for u := range s.Mapper.(mapper.Watcher).Watch(ctx) {
			select {
			case w.updates <- u:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range w.updates { // until the watch has ended
		}
	})
	return w
}

// until takes updates up to the first one that brings the wanted set. A source
// may report other states on the way: several changes make a published set.
func (w *watch) until(t testing.TB, want []mapper.Node, limit time.Duration) {
	t.Helper()
	timeout := time.After(limit)
	var last mapper.Update
	for {
		select {
		case u, open := <-w.updates:
			require.True(t, open, "the watch ended before its context")
			requireSound(t, u)
			if u.Err == nil && mapper.Equal(want, u.Nodes) {
				return
			}
			last = u
		case <-timeout:
			require.Equal(t, want, last.Nodes, "not seen within %v (last error: %v)", limit, last.Err)
			require.FailNow(t, "not seen", "the watch gave nothing within %v", limit)
		}
	}
}

// first takes the first update, which must be the whole set.
func (w *watch) first(t testing.TB, want []mapper.Node) []mapper.Node {
	t.Helper()
	select {
	case u := <-w.updates:
		requireSound(t, u)
		require.NoError(t, u.Err)
		require.True(t, mapper.Equal(want, u.Nodes), "want %v, got %v", want, u.Nodes)
		return u.Nodes
	case <-time.After(promptly):
		require.FailNow(t, "no first update", "nothing within %v", promptly)
		return nil
	}
}

// requireSound checks what every Update promises, whatever it says.
func requireSound(t testing.TB, u mapper.Update) {
	t.Helper()
	require.False(t, u.Confirmed.After(time.Now()), "confirmed in the future: %v", u.Confirmed)
	require.NotContains(t, u.Origin.String(), "(", "an unknown origin")
	for _, err := range u.Skipped {
		require.Error(t, err, "a skipped record without a cause")
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

func watchFreshUpdate(t testing.TB, s Source) {
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
	within(t, running, "no first update")
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

func watchCanceledBefore(t testing.TB, s Source) {
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

// watchBreak leaves watches early, again and again. A leak of each watch
// adds up.
func watchBreak(t testing.TB, s Source) {
	s.publish(t, unsorted())
	leavesNothing(t, func() { leaveEarly(t, s) })
}

func leaveEarly(t testing.TB, s Source) {
	t.Helper()
	for u := range s.Mapper.(mapper.Watcher).Watch(t.Context()) {
		require.NoError(t, u.Err)
		return
	}
	require.FailNow(t, "the watch ended before its context")
}
