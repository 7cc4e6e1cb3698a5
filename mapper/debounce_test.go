package mapper_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestDebounceWaitsForCalm(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		tape := record(t, &mapper.Debounce{Source: src, Min: 10 * time.Second, Max: 30 * time.Second})
		require.Equal(t, "[a]", tape.take(), "the first at once")
		src.set("a b")
		require.Empty(t, tape.after(9*time.Second))
		src.set("a b c")
		require.Empty(t, tape.after(9*time.Second), "a change restarts the wait")
		require.Equal(t, "[a b c]", tape.after(2*time.Second))
	})
}

func TestDebounceWaitsNoLongerThanMax(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		tape := record(t, &mapper.Debounce{Source: src, Min: 10 * time.Second, Max: 25 * time.Second})
		tape.take()
		flap := []string{"a b", "a"}
		for i := range 12 { // every 2 s for 24 s
			src.set(flap[i%2])
			require.Empty(t, tape.after(2*time.Second))
		}
		src.set("a b")
		require.Equal(t, "[a b]", tape.after(2*time.Second))
	})
}

func TestDebounceFlapThatLeadsBackIsNotReported(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b")
		tape := record(t, &mapper.Debounce{Source: src, Min: time.Second})
		tape.take()
		for i := range 200 { // 20 times a second for 10 s
			src.set([]string{"a", "a b"}[i%2])
			time.Sleep(50 * time.Millisecond)
		}
		require.Empty(t, tape.after(time.Minute))
	})
}

func TestDebounceHoldsRemovals(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b c")
		tape := record(t, &mapper.Debounce{Source: src, HoldRemovals: time.Minute})
		tape.take()
		src.set("a c d")
		require.Equal(t, "[a b c d]", tape.take(), "additions pass, in order of name")
		require.Empty(t, tape.after(50*time.Second))
		require.Equal(t, "[a c d]", tape.after(20*time.Second))

		src.set("a")
		time.Sleep(30 * time.Second)
		src.set("a c")
		require.Empty(t, tape.after(20*time.Second), "c came back in time")
		require.Equal(t, "[a c]", tape.after(time.Hour), "d did not")
	})
}

func TestDebounceHoldsTheLastNodes(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b")
		tape := record(t, &mapper.Debounce{Source: src, HoldRemovals: time.Minute})
		tape.take()
		src.set("")
		require.Empty(t, tape.after(59*time.Second))
		require.Equal(t, "[]", tape.after(2*time.Second), "no nodes is an answer in the end")
	})
}

func TestDebounceKeepsTheOrderOfAnUnsortedSource(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("c a b")
		tape := record(t, &mapper.Debounce{Source: src, HoldRemovals: time.Minute})
		tape.take()
		src.set("d c b")
		require.Equal(t, "[d c b a]", tape.take())
		require.Equal(t, "[d c b]", tape.after(time.Hour))
	})
}

func TestDebouncePassesErrors(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b")
		tape := record(t, &mapper.Debounce{Source: src, Min: 10 * time.Second, HoldRemovals: time.Minute})
		tape.take()
		src.set("a")
		synctest.Wait()
		src.fail(errDown)
		require.Equal(t, "!down", tape.take(), "at once")
		require.Equal(t, "[a] !down", tape.after(2*time.Minute), "the removal was true, and the source still fails")
		src.set("a")
		require.Equal(t, "[a]", tape.after(time.Minute), "it answers again")
	})
}

func TestDebounceNodes(t *testing.T) {
	t.Parallel()
	src := newWatched("a")
	q := &mapper.Debounce{Source: src, Min: time.Hour, HoldRemovals: time.Hour}
	src.set("b")
	nodes, err := q.Nodes(t.Context())
	require.Equal(t, "[b]", words(nodes, err))
}
