package mapper_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestWatchPolls(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		src := &polled{nodes: nodesOf("a b")}
		tape := record(t, src, time.Minute)
		require.Equal(t, "[a b]", tape.take(), "at once")
		src.set("a b c")
		require.Empty(t, tape.after(50*time.Second), "not before the interval")
		require.Equal(t, "[a b c]", tape.after(20*time.Second))
		require.Empty(t, tape.after(10*time.Minute), "equal snapshots are dropped")
		src.set("")
		require.Equal(t, "[]", tape.after(2*time.Minute), "nobody is an answer")
		require.InDelta(t, 13, src.asked(), 3)
	})
}

func TestWatchPollsByDefault(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		src := &polled{}
		tape := record(t, src, 0)
		tape.after(10 * mapper.DefaultPoll)
		require.InDelta(t, 11, src.asked(), 1)
	})
}

func TestWatchAsksAgainSoonerAfterAnError(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		src := &polled{err: errDown}
		tape := record(t, src, time.Minute)
		require.Equal(t, "!down", tape.take())
		require.Equal(t, "!down !down !down", tape.after(time.Second), "after 0.1, 0.3 and 0.7 s")
		tape.after(10 * time.Minute)
		before := src.asked()
		tape.after(10 * time.Minute)
		require.InDelta(t, 10, src.asked()-before, 2, "the interval is the limit")
		src.set("a")
		require.Equal(t, "[a]", tape.after(70*time.Second))
		src.fail(errDown)
		require.Contains(t, tape.after(70*time.Second), "!down !down", "the retries begin anew")
	})
}

func TestWatchTellsThatTheSourceAnswersAgain(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		tape := record(t, src, 0)
		src.set("a")
		require.Equal(t, "[a]", tape.take())
		src.fail(errDown)
		require.Equal(t, "!down", tape.take())
		src.set("a")
		require.Equal(t, "[a]", tape.take(), "equal, but news after an error")
		src.set("a")
		require.Empty(t, tape.take())
	})
}

func TestWatchGivesAHangingSourceUp(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tape := record(t, &polled{hang: true}, time.Second)
		require.Empty(t, tape.after(9*time.Second))
		require.Equal(t, "!context deadline exceeded", tape.after(2*time.Second), "10 s at least")
	})
}

// TestWatchCoalesces lets a consumer sleep through a burst.
func TestWatchCoalesces(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src := newWatched("a")
		var got []string
		go func() {
			for nodes, err := range mapper.Watch(ctx, src, 0) {
				got = append(got, words(nodes, err))
				time.Sleep(time.Minute)
			}
		}()
		synctest.Wait()
		steps := []func(){
			func() { src.set("a b") }, func() { src.fail(errDown) }, func() { src.set("a b c") },
			func() { src.fail(errDown) }, func() { src.set("a b c d") }, func() { src.fail(errDown) },
		}
		for _, step := range steps {
			step()
			synctest.Wait()
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"[a]", "[a b c d]", "!down"}, got, "the newest set, and the error that came after it")
		cancel()
	})
}

func TestWatchDropsABurstThatLeadsBack(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src := newWatched("a")
		var got []string
		go func() {
			for nodes, err := range mapper.Watch(ctx, src, 0) {
				got = append(got, words(nodes, err))
				time.Sleep(time.Minute)
			}
		}()
		for _, names := range []string{"a", "a b", "a"} {
			src.set(names)
			synctest.Wait()
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"[a]"}, got)
		cancel()
	})
}

// TestWatchSnapshotsAreTheConsumersOwn spoils each: what comes next is still
// compared with what was given.
func TestWatchSnapshotsAreTheConsumersOwn(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src := newWatched("a b")
		var got []string
		go func() {
			for nodes, err := range mapper.Watch(ctx, src, 0) {
				got = append(got, words(nodes, err))
				nodes[0].Name = "spoiled"
			}
		}()
		for _, names := range []string{"a b", "spoiled b", "a b"} {
			synctest.Wait()
			src.set(names)
		}
		synctest.Wait()
		require.Equal(t, []string{"[a b]", "[spoiled b]", "[a b]"}, got)
		cancel()
	})
}

func TestWatchEnds(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tape := record(t, &polled{}, time.Minute)
		tape.stop()
		tape.take()
		require.True(t, tape.ended, "with the context")

		ended := mapper.Func(func(context.Context) ([]mapper.Node, error) { return nil, nil })
		for _, err := range mapper.Watch(t.Context(), ended, time.Minute) {
			require.NoError(t, err)
			break // leaves no goroutine: the bubble would not end
		}
	})
}

// finite is a watcher that ends by itself.
type finite struct{ *watched }

func (f finite) Watch(context.Context) iter.Seq2[[]mapper.Node, error] {
	return func(yield func([]mapper.Node, error) bool) {
		_ = yield(nodesOf("a"), nil) && yield(nodesOf("a b"), nil)
	}
}

func TestWatchEndsWithItsSource(t *testing.T) {
	last := ""
	for nodes, err := range mapper.Watch(t.Context(), finite{}, 0) {
		last = words(nodes, err)
	}
	require.Equal(t, "[a b]", last, "what is left is still told")
}

func TestWatchPassesConcurrentConsumers(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		one, two := record(t, src, 0), record(t, src, 0)
		src.set("b")
		require.Equal(t, "[a] [b]", one.take())
		require.Equal(t, "[a] [b]", two.take())
	})
}
