package mapper_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// join is the simplest thing to build from nodes.
func join(nodes []mapper.Node) (string, error) {
	for _, n := range nodes {
		if n.Name == "bad" {
			return "", errors.New("bad node")
		}
	}
	return words(nodes, nil), nil
}

func TestFollow(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		view, err := mapper.Follow(t.Context(), src, join)
		require.NoError(t, err)
		defer view.Close()
		require.Equal(t, "[a]", view.Value())
		require.NoError(t, view.Err())
		require.Zero(t, view.Age())

		src.set("a b")
		synctest.Wait()
		require.Equal(t, "[a b]", view.Value())
		require.Equal(t, nodesOf("a b"), view.Nodes())

		src.set("")
		synctest.Wait()
		require.Equal(t, "[]", view.Value(), "no nodes is an answer")
	})
}

func TestFollowKeepsTheLastGoodValue(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		view, err := mapper.Follow(t.Context(), src, join)
		require.NoError(t, err)
		defer view.Close()

		time.Sleep(time.Hour)
		src.fail(errDown)
		time.Sleep(time.Minute)
		require.Equal(t, "[a]", view.Value())
		require.Equal(t, errDown, view.Err())
		require.Equal(t, time.Minute, view.Age(), "since the source ceased to answer")
		src.fail(errors.New("still down"))
		time.Sleep(time.Minute)
		require.EqualError(t, view.Err(), "still down")
		require.Equal(t, 2*time.Minute, view.Age())

		src.set("a bad")
		synctest.Wait()
		require.Equal(t, "[a]", view.Value())
		require.EqualError(t, view.Err(), "building from 2 nodes: bad node")
		require.Equal(t, 2*time.Minute, view.Age(), "no good value since")

		src.set("a")
		synctest.Wait()
		require.NoError(t, view.Err())
		require.Zero(t, view.Age())
	})
}

func TestFollowBuildsOnlyAfterAChange(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		built := 0
		view, err := mapper.Follow(t.Context(), src, func(nodes []mapper.Node) (int, error) {
			built++
			nodes[0].Name = "spoiled" // its own
			return built, nil
		})
		require.NoError(t, err)
		defer view.Close()
		src.fail(errDown)
		synctest.Wait()
		src.set("a")
		synctest.Wait()
		require.Equal(t, 1, view.Value())
		require.Equal(t, nodesOf("a"), view.Nodes())
		src.set("b")
		synctest.Wait()
		require.Equal(t, 2, view.Value())
	})
}

func TestFollowWaitsForTheFirstValue(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("")
		src.fail(errDown)
		go func() {
			time.Sleep(time.Minute)
			src.set("bad")
			time.Sleep(time.Minute)
			src.set("a")
		}()
		start := time.Now()
		view, err := mapper.FollowWith(t.Context(), src, join, mapper.FollowConfig[string]{Wait: time.Hour})
		require.NoError(t, err)
		require.Equal(t, "[a]", view.Value())
		require.Equal(t, 2*time.Minute, time.Since(start))
		time.Sleep(2 * time.Hour)
		src.set("b")
		synctest.Wait()
		require.Equal(t, "[b]", view.Value(), "Wait does not end the following")
		view.Close()
	})
}

func TestFollowGivesUpWaiting(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("")
		src.fail(errDown)
		view, err := mapper.FollowWith(t.Context(), src, join, mapper.FollowConfig[string]{Wait: time.Second})
		require.EqualError(t, err, "waiting for nodes: context deadline exceeded; down")
		require.ErrorIs(t, err, errDown)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Nil(t, view)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		hanging := newWatched("")
		hanging.hang = true
		_, err = mapper.Follow(ctx, hanging, join)
		require.EqualError(t, err, "waiting for nodes: context deadline exceeded; the source has not answered yet")
		require.ErrorIs(t, err, mapper.ErrNoAnswer)

		guard := &mapper.Guard{Source: newWatched("a"), MinNodes: 2}
		_, err = mapper.FollowWith(t.Context(), guard, join, mapper.FollowConfig[string]{Wait: time.Minute})
		require.EqualError(t, err, "waiting for nodes: context deadline exceeded; rejected a set of 1 node: the minimum is 2")
	})
}

func TestFollowStartsEmpty(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		src.hang = true
		view, err := mapper.FollowWith(t.Context(), src, join, mapper.FollowConfig[string]{StartEmpty: true})
		require.NoError(t, err)
		defer view.Close()
		require.Equal(t, "[]", view.Value())
		require.ErrorIs(t, view.Err(), mapper.ErrNoAnswer)
		time.Sleep(time.Minute)
		require.Equal(t, time.Minute, view.Age())
		src.mu.Lock()
		src.hang = false
		src.mu.Unlock()
		src.set("")
		synctest.Wait()
		require.NoError(t, view.Err(), "no nodes is an answer")
		src.set("a")
		synctest.Wait()
		require.Equal(t, "[a]", view.Value())
	})
	_, err := mapper.FollowWith(t.Context(), newWatched(""), func([]mapper.Node) (int, error) { return 0, errDown }, mapper.FollowConfig[int]{StartEmpty: true})
	require.EqualError(t, err, "building from no nodes: down")
}

func TestFollowEnds(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src := newWatched("a")
		view, err := mapper.Follow(ctx, src, join)
		require.NoError(t, err)
		select {
		case <-view.Done():
			t.Fatal("done too early")
		default:
		}
		cancel()
		<-view.Done()
		src.set("b")
		time.Sleep(time.Minute)
		require.Equal(t, "[a]", view.Value(), "the value stays")
		require.ErrorIs(t, view.Err(), mapper.ErrStopped)
		require.Equal(t, time.Minute, view.Age())
		view.Close()
		view.Close()

		view, err = mapper.Follow(t.Context(), finite{}, join)
		require.NoError(t, err)
		<-view.Done()
		require.Equal(t, "[a b]", view.Value())
		view, err = mapper.Follow(t.Context(), src, join)
		require.NoError(t, err)
		src.fail(errDown)
		synctest.Wait()
		view.Close()
		require.ErrorIs(t, view.Err(), mapper.ErrStopped)
		require.ErrorIs(t, view.Err(), errDown)
	})
}

func TestFollowASourceThatEndsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	ends := mapper.Guard{Source: finite{}, MinNodes: 5}
	_, err := mapper.Follow(t.Context(), &ends, join)
	require.ErrorIs(t, err, mapper.ErrStopped)
	require.ErrorContains(t, err, "the minimum is 5")
}

func TestFollowAgeOfASnapshot(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		src.fail(errDown)
		view, err := mapper.Follow(t.Context(), &mapper.Cached{Source: src, Path: saved(t, "a b", time.Hour)}, join)
		require.NoError(t, err)
		defer view.Close()
		synctest.Wait()
		require.Equal(t, "[a b]", view.Value())
		require.InDelta(t, time.Hour, view.Age(), float64(time.Second))
		src.set("a")
		synctest.Wait()
		require.Zero(t, view.Age())
	})
}

func TestFollowAGuard(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b c d")
		view, err := mapper.Follow(t.Context(), &mapper.Guard{Source: src, MinNodes: 1, MaxDrop: 0.5}, join)
		require.NoError(t, err)
		defer view.Close()
		for _, poor := range []string{"", "a"} {
			src.set(poor)
			synctest.Wait()
			require.Equal(t, "[a b c d]", view.Value())
			var refusal *mapper.GuardError
			require.ErrorAs(t, view.Err(), &refusal)
		}
		src.set("a b")
		synctest.Wait()
		require.Equal(t, "[a b]", view.Value())
	})
}

func TestFollowPolls(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := &polled{nodes: nodesOf("a")}
		view, err := mapper.Follow(t.Context(), &mapper.Polled{Source: src, Every: time.Minute}, join)
		require.NoError(t, err)
		defer view.Close()
		src.set("b")
		time.Sleep(70 * time.Second)
		require.Equal(t, "[b]", view.Value())

		view, err = mapper.Follow(t.Context(), src, join)
		require.NoError(t, err)
		defer view.Close()
		src.set("c")
		time.Sleep(mapper.DefaultPoll * 6 / 5)
		require.Equal(t, "[c]", view.Value(), "a Mapper alone is polled too")
	})
}

// finite is a watcher that ends by itself.
type finite struct{ *watched }

func (finite) Watch(context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		_ = yield(mapper.Update{Nodes: nodesOf("a")}) && yield(mapper.Update{Nodes: nodesOf("a b")})
	}
}

// TestFollowSkipsSupersededUpdates builds for a minute while the source changes,
// fails, and returns to what it was.
func TestFollowSkipsSupersededUpdates(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		var built []string
		view, err := mapper.Follow(t.Context(), src, func(nodes []mapper.Node) (string, error) {
			time.Sleep(time.Minute)
			built = append(built, words(nodes, nil))
			return join(nodes)
		})
		require.NoError(t, err)
		defer view.Close()
		change := func(steps ...func()) {
			for _, step := range steps {
				time.Sleep(time.Second)
				step()
				synctest.Wait()
			}
			time.Sleep(5 * time.Minute)
			synctest.Wait()
		}
		change(func() { src.set("a b") }, func() { src.fail(errDown) }, func() { src.set("a b c") },
			func() { src.fail(errDown) }, func() { src.set("a b c d") }, func() { src.fail(errDown) })
		require.Equal(t, []string{"[a]", "[a b]"}, built, "the failure came last")
		require.Equal(t, errDown, view.Err())

		built = nil
		change(func() { src.set("a b c") }, func() { src.set("x") }, func() { src.set("a b c") })
		require.Equal(t, []string{"[a b c]"}, built, "a burst that leads back is no news")
		require.NoError(t, view.Err())
	})
}

// TestViewState checks State after each kind of change.
func TestViewState(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFeed()
		f.set("a")
		view, err := mapper.Follow(t.Context(), f, join)
		require.NoError(t, err)
		start, bad := time.Now(), errors.New(`node "b": port 0`)
		steps := []struct {
			name  string
			do    func()
			value string
			set   mapper.Update
			age   time.Duration
		}{
			{"live", func() {}, "[a]", mapper.Update{Nodes: nodesOf("a"), Confirmed: start}, 0},
			{"partial", func() { f.Set(mapper.Update{Nodes: nodesOf("a"), Skipped: []error{bad}, Confirmed: start}) }, "[a]",
				mapper.Update{Nodes: nodesOf("a"), Skipped: []error{bad}, Confirmed: start}, 0},
			{"failing", func() { f.Fail(errDown); time.Sleep(time.Minute) }, "[a]",
				mapper.Update{Nodes: nodesOf("a"), Skipped: []error{bad}, Confirmed: start, Err: errDown}, time.Minute},
			{"a cache, while the source fails", func() {
				f.Set(mapper.Update{Nodes: nodesOf("b"), Origin: mapper.OriginAgentCache, Confirmed: start, Err: errDown})
			}, "[b]", mapper.Update{Nodes: nodesOf("b"), Origin: mapper.OriginAgentCache, Confirmed: start, Err: errDown}, time.Minute},
			{"well again", func() { f.Set(mapper.Update{Nodes: nodesOf("c"), Confirmed: start}) }, "[c]",
				mapper.Update{Nodes: nodesOf("c"), Confirmed: start}, 0},
			{"stopped", func() { view.Close() }, "[c]", mapper.Update{Nodes: nodesOf("c"), Confirmed: start, Err: mapper.ErrStopped}, 0},
		}
		for _, step := range steps {
			changed := view.Changed()
			step.do()
			synctest.Wait()
			if step.name != "live" {
				<-changed
			}
			require.Equal(t, mapper.State[string]{Value: step.value, Set: step.set, Age: step.age}, view.State(), step.name)
		}
	})
}

// TestViewChangedMissesNothing has a consumer that is slower than the source: it
// still acts on the last state.
func TestViewChangedMissesNothing(t *testing.T) {
	t.Parallel()
	f := newFeed()
	f.set("0")
	view, err := mapper.Follow(t.Context(), f, func(nodes []mapper.Node) (int, error) { return len(nodes), nil })
	require.NoError(t, err)
	defer view.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			changed := view.Changed()
			if s := view.State(); s.Value == 100 {
				return
			}
			<-changed
		}
	}()
	for n := range 101 {
		f.set(numbers(n))
	}
	<-done
}

// TestFollowSetWithError builds the set of a failing source, and reports in
// the same moment that it may be stale.
func TestFollowSetWithError(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		one, two := newWatched("a"), newWatched("b")
		two.fail(errDown)
		var got []mapper.Event
		view, err := mapper.FollowWith(t.Context(), &mapper.Merge{Sources: []mapper.Mapper{one, two}, Partial: true}, join,
			mapper.FollowConfig[string]{Observe: func(e mapper.Event) { e.Build = 0; got = append(got, e) }})
		require.NoError(t, err)
		defer view.Close()
		synctest.Wait()
		require.Equal(t, "[a]", view.Value())
		require.ErrorIs(t, view.Err(), errDown)

		time.Sleep(time.Minute)
		one.set("c")
		synctest.Wait()
		require.Equal(t, "[c]", view.Value())
		require.ErrorIs(t, view.Err(), errDown)
		require.Equal(t, time.Minute, view.Age())
		last := got[len(got)-2:]
		require.Equal(t, mapper.Event{Nodes: 1, Added: 1, Removed: 1, Age: time.Minute}, last[0])
		require.True(t, last[1].Repeated)
		require.ErrorIs(t, last[1].Err, errDown)
	})
}

func TestFollowTellsTheObserver(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b c")
		var got []mapper.Event
		var log bytes.Buffer
		view, err := mapper.FollowWith(t.Context(), src, rendezvous.Build, mapper.FollowConfig[*rendezvous.Set[mapper.Node]]{
			Observe: func(e mapper.Event) { e.Build = 0; got = append(got, e) },
			Owner:   owner,
			Log:     slog.New(slog.NewTextHandler(&log, nil)),
		})
		require.NoError(t, err)
		defer view.Close()
		for _, step := range []func(){
			func() { src.set("b c:2 d") },
			func() { src.fail(errDown) },
			func() { src.fail(errDown) },
			func() { src.set("b c:2 d") },
		} {
			synctest.Wait()
			time.Sleep(time.Minute)
			step()
		}
		synctest.Wait()
		require.Len(t, got, 5)
		require.InDelta(t, 0.5, got[1].Moved, 0.3, "a's keys, and some for the new node and the heavier one")
		got[1].Moved = 0
		require.Equal(t, []mapper.Event{
			{Nodes: 3, Added: 3},
			{Nodes: 3, Added: 1, Removed: 1, Changed: 1},
			{Nodes: 3, Err: errDown},
			{Nodes: 3, Err: errDown, Repeated: true, Age: time.Minute},
			{Nodes: 3, Recovered: true, Age: 2 * time.Minute},
		}, got)
		require.Equal(t, 1, strings.Count(log.String(), "the source fails"), "the log hears of it once:\n%s", &log)
		require.Equal(t, 3, strings.Count(log.String(), "mapper: updated"))
	})
}

// TestFollowMeasuresMovedKeys: Moved is the fraction of the sample keys with another
// owner, from none to all, and 0 for the first value.
func TestFollowMeasuresMovedKeys(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		var got []float64
		followed(t, src, names, mapper.FollowConfig[string]{
			Observe: func(e mapper.Event) { got = append(got, e.Moved) },
			Owner: func(value, key string) string {
				if value == "[a b]" && !strings.HasSuffix(key, "7") {
					return "[a]" // as before
				}
				return value
			},
		})
		for _, set := range []string{"a b", "c"} {
			synctest.Wait()
			src.set(set)
		}
		synctest.Wait()
		require.Equal(t, []float64{0, 0.1, 1}, got)
	})
}

func owner(set *rendezvous.Set[mapper.Node], key string) string {
	n, _ := set.Select(key)
	return n.Name
}

// TestReadersNeverWait reads from many goroutines while a writer rebuilds. What
// they see is always whole: the number of nodes and the last name belong
// together.
func TestReadersNeverWait(t *testing.T) {
	t.Parallel()
	type whole struct {
		nodes int
		last  string
	}
	src := newWatched("0")
	view, err := mapper.Follow(t.Context(), src, func(nodes []mapper.Node) (whole, error) {
		return whole{len(nodes), nodes[len(nodes)-1].Name}, nil
	})
	require.NoError(t, err)
	var stop atomic.Bool
	var reads, torn atomic.Int64
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for !stop.Load() {
				if v := view.Value(); v.last != strconv.Itoa(v.nodes-1) {
					torn.Add(1)
				}
				_, _, _ = view.Err(), view.Age(), view.Nodes()
				reads.Add(1)
			}
		})
	}
	for i := range 1000 {
		src.set(numbers(1 + i%50))
		if i%100 == 0 {
			src.fail(errDown)
		}
	}
	src.set(numbers(60))
	require.Eventually(t, func() bool { return view.Value().nodes == 60 && view.Err() == nil }, time.Minute, time.Millisecond)
	stop.Store(true)
	readers.Wait()
	require.Zero(t, torn.Load())
	require.Positive(t, reads.Load())
	view.Close()
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.String()
}

func TestValueAllocatesNothing(t *testing.T) {
	view, err := mapper.Follow(t.Context(), newWatched("a b c"), rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if _, ok := view.Value().Select("user:42"); !ok {
			t.Fatal("no owner")
		}
	}))
}

// TestOpenAndClose follows and stops 200 times through every wrapper.
func TestOpenAndClose(t *testing.T) {
	cycle := func() {
		src := newWatched("a b")
		m := &mapper.Cached{
			Source: &mapper.Debounce{Source: &mapper.Merge{Sources: []mapper.Mapper{src, &polled{}}}, Min: time.Millisecond},
			Path:   saved(t, "a", 0),
		}
		view, err := mapper.Follow(t.Context(), &mapper.Guard{Source: m, MaxDrop: 0.5}, join)
		require.NoError(t, err)
		src.set("a b c")
		view.Close()
	}
	cycle()
	goroutines, files := runtime.NumGoroutine(), leaktest.OpenFiles(t)
	for range 200 {
		cycle()
	}
	require.Eventually(t, func() bool { // goroutines may take a moment to end
		return runtime.NumGoroutine() <= goroutines+1 && leaktest.OpenFiles(t) <= files // one goroutine runs the condition
	}, time.Minute, time.Millisecond)
}
