package mapper_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

// feed is a Feed as a Watcher.
type feed struct {
	*mapper.Feed
	mapper.Mapper
}

func newFeed() feed { return feed{Feed: &mapper.Feed{}} }

func (f feed) set(names string) { f.Set(mapper.Update{Nodes: nodesOf(names)}) }

func TestFeedYieldsChanges(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		tape := record(t, f)
		require.Empty(t, tape.take(), "nothing was published")
		f.set("a")
		require.Equal(t, "[a]", tape.take())
		f.set("a")
		require.Empty(t, tape.take(), "the same set")
		f.set("a b")
		require.Equal(t, "[a b]", tape.take())
		f.Fail(errDown)
		f.Fail(errDown)
		require.Equal(t, "!down", tape.take(), "a reader that is late gets the latest")
		f.Fail(errDown)
		require.Equal(t, "!down", tape.take(), "each failure is yielded")
		f.set("a b")
		require.Equal(t, "[a b]", tape.take(), "the failure is over")
		f.Set(mapper.Update{})
		require.Equal(t, "[]", tape.take())
		f.Set(mapper.Update{Nodes: nodesOf("c"), Err: errDown})
		require.Equal(t, "[c] !down", tape.take())
		f.Set(mapper.Update{Nodes: nodesOf("c"), Err: errDown})
		require.Empty(t, tape.take(), "the very error before is no failure of its own")
		f.Set(mapper.Update{Nodes: nodesOf("c"), Err: errors.Join(errDown)})
		require.Equal(t, "!down", tape.take(), "another error is, even one that cannot be compared")
	})
}

func TestFeedTellsHowSureTheSetIs(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		var got []mapper.Update
		go func() {
			for u := range f.Watch(t.Context()) {
				got = append(got, u)
			}
		}()
		at := time.Now()
		bad := errors.New("port 0")
		for _, u := range []mapper.Update{
			{Nodes: nodesOf("a")},
			{Nodes: nodesOf("a"), Skipped: []error{bad}},
			{Nodes: nodesOf("a"), Skipped: []error{errors.New("port 0")}},
			{Nodes: nodesOf("a"), Origin: mapper.OriginAgentCache},
			{Nodes: nodesOf("a"), Origin: mapper.OriginSnapshot, Confirmed: at.Add(-time.Hour)},
			{Nodes: nodesOf("a"), Origin: mapper.OriginSnapshot, Confirmed: at},
		} {
			f.Set(u)
			synctest.Wait()
		}
		f.Fail(errDown)
		synctest.Wait()
		require.Equal(t, []mapper.Update{
			{Nodes: nodesOf("a"), Confirmed: at},
			{Nodes: nodesOf("a"), Confirmed: at, Skipped: []error{bad}},
			{Nodes: nodesOf("a"), Origin: mapper.OriginAgentCache}, // of unknown age
			{Nodes: nodesOf("a"), Origin: mapper.OriginSnapshot, Confirmed: at.Add(-time.Hour)},
			{Nodes: nodesOf("a"), Origin: mapper.OriginSnapshot, Confirmed: at, Err: errDown},
		}, got, "a failure carries what stood before it")
	})
}

func TestFeedSlowReaderGetsTheLatest(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		f.set("a")
		var slow []string
		go func() {
			for u := range f.Watch(t.Context()) {
				slow = append(slow, words(u.Nodes, nil), fmt.Sprint(u.Err))
				time.Sleep(time.Minute)
			}
		}()
		quick := record(t, f)
		for _, step := range []func(){
			func() { f.set("a b") }, func() { f.Fail(errDown) }, func() { f.set("a b c") }, func() { f.Fail(errDown) },
		} {
			step()
			synctest.Wait()
		}
		require.Equal(t, "[a] [a b] !down [a b c] !down", quick.after(5*time.Minute))
		require.Equal(t, []string{"[a]", "<nil>", "[a b c]", "down"}, slow)
	})
}

func TestFeedBurstThatLeadsBackIsNotYielded(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		f.set("a")
		var got []string
		go func() {
			for u := range f.Watch(t.Context()) {
				got = append(got, words(u.Nodes, u.Err))
				time.Sleep(time.Minute)
			}
		}()
		for _, step := range []func(){func() { f.set("a b") }, func() { f.Fail(errDown) }, func() { f.set("a") }} {
			synctest.Wait()
			step()
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"[a]"}, got)
	})
}

func TestFeedReadersOwnTheirUpdates(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		f.Set(mapper.Update{Nodes: []mapper.Node{{Name: "a", Tags: []string{"x"}}}, Skipped: []error{errDown}})
		spoil := func(u mapper.Update) {
			require.Equal(t, "x", u.Nodes[0].Tags[0])
			require.Equal(t, errDown, u.Skipped[0])
			u.Nodes[0].Tags[0], u.Nodes[0].Name, u.Skipped[0] = "spoiled", "spoiled", nil
		}
		for range 2 {
			for u := range f.Watch(t.Context()) {
				spoil(u)
				break
			}
			u, ok := f.Latest()
			require.True(t, ok)
			spoil(u)
		}
	})
	_, ok := (&mapper.Feed{}).Latest()
	require.False(t, ok)
}

func TestFeedRunsWhileItIsRead(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		runs, running := 0, false
		f.Run = func(ctx context.Context) {
			runs, running = runs+1, true
			f.set(fmt.Sprint("run-", runs))
			<-ctx.Done()
			time.Sleep(time.Second)
			running = false
		}
		one, two := record(t, f), record(t, f)
		require.Equal(t, "[run-1]", one.take())
		require.Equal(t, "[run-1]", two.take())
		one.stop()
		synctest.Wait()
		require.True(t, running)
		two.stop()
		require.Empty(t, two.after(2*time.Second))
		require.True(t, two.ended)
		require.False(t, running, "the last reader waits for Run")
		require.Equal(t, "[run-2]", record(t, f).take(), "a new start has no state of the one before")
	})
}

func TestFeedEndsWithRun(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		f.Run = func(context.Context) {
			f.set("a")
			time.Sleep(time.Second)
			f.set("b")
		}
		tape := record(t, f)
		require.Equal(t, "[a] [b]", tape.after(2*time.Second))
		require.True(t, tape.ended)
	})
}

func TestFeedEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := newFeed()
	f.Run = func(context.Context) { t.Error("there is no reader") }
	for range f.Watch(ctx) {
		t.Error("the context is over")
	}
}

// TestFeedManyReadersAndWriters is for the race detector: every reader gets the
// last state, and a failure comes with a set that was published before it.
func TestFeedManyReadersAndWriters(t *testing.T) {
	t.Parallel()
	f := newFeed()
	publish := func(n int) {
		f.Set(mapper.Update{Nodes: nodesOf(numbers(n)), Skipped: make([]error, 0, n)})
		f.Fail(fmt.Errorf("%d", n))
	}
	var readers, writers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for u := range f.Watch(t.Context()) {
				if u.Err != nil && fmt.Sprint(len(u.Nodes)) != u.Err.Error() && len(u.Nodes) < 50 {
					t.Errorf("%d nodes with %v", len(u.Nodes), u.Err)
				}
				if len(u.Nodes) == 100 {
					return
				}
			}
		})
	}
	for range 4 {
		writers.Go(func() {
			for i := range 200 {
				publish(50 + i%40)
				_, _ = f.Latest()
			}
		})
	}
	writers.Wait()
	f.set(numbers(100))
	readers.Wait()
}

// TestFeedCountsFailuresOfBothKinds has failures that lead back to the same error between
// two reads.
func TestFeedCountsFailuresOfBothKinds(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		var f mapper.Feed
		f.Set(mapper.Update{})
		f.Fail(errDown)
		next, stop := iter.Pull(f.Watch(t.Context()))
		defer stop()
		u, ok := next()
		require.True(t, ok)
		require.NotNil(t, u.Nodes, "no nodes are an answer")
		require.ErrorIs(t, u.Err, errDown)
		u.Err = errors.New("another")
		f.Set(u)
		f.Fail(errDown)
		u, ok = next() // which blocks if nothing is new
		require.True(t, ok)
		require.ErrorIs(t, u.Err, errDown)
		u.Err = nil
		f.Set(u)
		u.Err = errDown
		f.Set(u)
		u, ok = next()
		require.True(t, ok)
		require.ErrorIs(t, u.Err, errDown)
	})
}
