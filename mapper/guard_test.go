package mapper_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestGuardNodes(t *testing.T) {
	t.Parallel()
	src := newWatched("a b c d")
	g := &mapper.Guard{Source: src, MinNodes: 2, MaxDrop: 0.5}
	steps := []struct{ name, nodes, want string }{
		{"the first set", "a b c d", "[a b c d]"},
		{"half of them gone", "a b", "[a b]"},
		{"more may come", "a b c d e f", "[a b c d e f]"},
		{"two thirds gone", "a b", "!rejected a set that lacks 4 of 6 nodes: the limit is 50%"},
		{"the same number, but others", "u v w x y z", "!rejected a set that lacks 6 of 6 nodes: the limit is 50%"},
		{"too few", "a", "!rejected a set of 1 node: the minimum is 2"},
		{"no nodes", "", "!rejected a set of 0 nodes: the minimum is 2"},
		{"drained nodes do not count", "a b c:0 d:0 e:0 f:0", "!rejected a set that lacks 4 of 6 nodes: the limit is 50%"},
		{"what was accepted last still counts", "a b c", "[a b c]"},
	}
	for _, s := range steps {
		src.set(s.nodes)
		nodes, err := g.Nodes(t.Context())
		require.Equal(t, s.want, words(nodes, err), s.name)
	}
	src.fail(errDown)
	_, err := g.Nodes(t.Context())
	require.ErrorIs(t, err, errDown)
}

// TestGuardNodesConcurrently depends on the race detector: what was accepted last is
// shared by all calls.
func TestGuardNodesConcurrently(t *testing.T) {
	t.Parallel()
	src := newWatched("a b c d")
	g := &mapper.Guard{Source: src, MaxDrop: 0.5, DropFor: time.Hour}
	_, err := g.Nodes(t.Context())
	require.NoError(t, err)
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for _, names := range []string{"a", "a b c d", "b", "a b c d"} {
				src.set(names)
				_, _ = g.Nodes(t.Context())
			}
		})
	}
	callers.Wait()
	src.set("a b c d")
	nodes, err := g.Nodes(t.Context())
	require.Equal(t, "[a b c d]", words(nodes, err))
}

// TestGuardRejectsInvalidLimits has limits that would pass for "no limit".
func TestGuardRejectsInvalidLimits(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]*mapper.Guard{
		"guard: MinNodes -1: must not be negative":            {MinNodes: -1},
		"guard: MaxDrop -0.1: must be a fraction from 0 to 1": {MaxDrop: -0.1},
		"guard: MaxDrop 50: must be a fraction from 0 to 1":   {MaxDrop: 50},
		"guard: MaxDrop NaN: must be a fraction from 0 to 1":  {MaxDrop: math.NaN()},
		"guard: DropFor -1s: must not be negative":            {DropFor: -time.Second},
		"guard: MaxWeight -1: must be from 0 to 1e+200":       {MaxWeight: -1},
		"guard: MaxWeight NaN: must be from 0 to 1e+200":      {MaxWeight: math.NaN()},
	} {
		g.Source = newWatched("a")
		_, err := g.Nodes(t.Context())
		require.EqualError(t, err, want)
		for u := range g.Watch(t.Context()) {
			require.EqualError(t, u.Err, want)
			break
		}
	}
}

// TestGuardGivesWayToRepeatedAnswers swaps all nodes of a source that is not
// watched.
func TestGuardGivesWayToRepeatedAnswers(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("blue-1 blue-2")
		g := &mapper.Guard{Source: src, MaxDrop: 0.5, DropFor: time.Minute}
		ask := func() string { return words(g.Nodes(t.Context())) }
		require.Equal(t, "[blue-1 blue-2]", ask())
		src.set("green-1 green-2")
		require.Contains(t, ask(), "!rejected a set that lacks 2 of 2 nodes")
		time.Sleep(50 * time.Second)
		src.set("green-1 green-2 green-3")
		require.Contains(t, ask(), "!rejected", "another set restarts the wait")
		time.Sleep(59 * time.Second)
		require.Contains(t, ask(), "!rejected")
		time.Sleep(time.Second)
		require.Equal(t, "[green-1 green-2 green-3]", ask())
		src.set("green-1 green-2")
		require.Equal(t, "[green-1 green-2]", ask(), "compared with what was accepted last")
	})
}

func TestGuardWithoutLimits(t *testing.T) {
	t.Parallel()
	src := newWatched("a b c d")
	g := &mapper.Guard{Source: src}
	for _, names := range []string{"a b c d", "", "a"} {
		src.set(names)
		nodes, err := g.Nodes(t.Context())
		require.Equal(t, "["+names+"]", words(nodes, err))
	}
}

func TestGuardWatch(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b c d")
		tape := record(t, &mapper.Guard{Source: src, MaxDrop: 0.5})
		require.Equal(t, "[a b c d]", tape.take())
		src.set("a")
		require.Equal(t, "!rejected a set that lacks 3 of 4 nodes: the limit is 50%", tape.take())
		require.Empty(t, tape.after(24*time.Hour), "for ever")
		src.fail(errDown)
		require.Equal(t, "!down", tape.take())
		src.set("a b c d")
		require.Equal(t, "[a b c d]", tape.take(), "all is well again")
		src.set("a b")
		require.Equal(t, "[a b]", tape.take())
		src.set("a")
		require.Equal(t, "[a]", tape.take(), "half of what was accepted last")
	})
}

func TestGuardGivesWay(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b c d")
		tape := record(t, &mapper.Guard{Source: src, MaxDrop: 0.5, MinNodes: 1, DropFor: time.Minute})
		require.Equal(t, "[a b c d]", tape.take())
		src.set("a")
		require.Contains(t, tape.after(50*time.Second), "!rejected")
		src.set("a e")
		require.Contains(t, tape.after(50*time.Second), "!rejected", "another set restarts the wait")
		require.Equal(t, "[a e]", tape.after(20*time.Second))
		src.set("")
		require.Contains(t, tape.take(), "!rejected")
		require.Empty(t, tape.after(time.Hour), "MinNodes never gives way")
		src.set("a e f g h")
		require.Equal(t, "[a e f g h]", tape.take())
		src.set("a")
		require.Contains(t, tape.after(50*time.Second), "!rejected")
		src.fail(errDown)
		require.Equal(t, "!down", tape.after(time.Hour), "a source that fails confirms nothing")
	})
}

// TestGuardGivesWayAlthoughItIsRepeated has the source report a rejected set twice, with
// other records left out.
func TestGuardGivesWayAlthoughItIsRepeated(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newFeed()
		tape := record(t, &mapper.Guard{Source: src, MaxDrop: 0.5, DropFor: time.Minute})
		src.set("a b c d")
		require.Equal(t, "[a b c d]", tape.take())
		src.set("a")
		require.Contains(t, tape.after(40*time.Second), "!rejected")
		src.Set(mapper.Update{Nodes: nodesOf("a"), Skipped: []error{errDown}})
		require.Contains(t, tape.after(19*time.Second), "!rejected")
		require.Equal(t, "[a]", tape.after(time.Second), "the wait goes on")
	})
}

// TestGuardLimitsWeights: no node takes the keys of all others by its own word,
// and an answer with a lowered weight is not passed off as a whole one.
func TestGuardLimitsWeights(t *testing.T) {
	t.Parallel()
	claimed := []mapper.Node{{Name: "a", Weight: 1e9}, {Name: "b"}, {Name: "c", Weight: 100}, {Name: "d", Weight: 1e9, Drain: true}}
	source := mapper.Func(func(context.Context) ([]mapper.Node, error) { return mapper.Clone(claimed), nil })
	g := &mapper.Guard{Source: source, MaxWeight: 100}
	want := []mapper.Node{{Name: "a", Weight: 100}, {Name: "b"}, {Name: "c", Weight: 100}, {Name: "d", Weight: 100, Drain: true}}

	nodes, err := g.Nodes(t.Context())
	require.Equal(t, want, nodes)
	var partial *mapper.PartialError
	require.ErrorAs(t, err, &partial)
	require.Len(t, partial.Skipped, 2)
	require.EqualError(t, partial.Skipped[0], `node "a": weight 1e+09 was lowered to the limit, 100`)
	var lowered *mapper.WeightError
	require.ErrorAs(t, err, &lowered)
	require.Equal(t, mapper.WeightError{Name: "a", Weight: 1e9, Max: 100}, *lowered)

	for u := range g.Watch(t.Context()) {
		require.Equal(t, want, u.Nodes)
		require.Len(t, u.Skipped, 2)
		break
	}

	unlimited := &mapper.Guard{Source: source}
	nodes, err = unlimited.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, claimed, nodes)
}

func TestGuardAcceptsTheGreatestLimits(t *testing.T) {
	t.Parallel()
	g := &mapper.Guard{Source: newWatched("a b"), MaxDrop: 1, MaxWeight: mapper.MaxWeight}
	nodes, err := g.Nodes(t.Context())
	require.Equal(t, "[a b]", words(nodes, err))
}

// TestGuardWatchReportsInvalidLimits: there is no other way to learn of them, and no
// update after it.
func TestGuardWatchReportsInvalidLimits(t *testing.T) {
	t.Parallel()
	g := &mapper.Guard{Source: newWatched("a b"), MaxDrop: 50}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	for u := range g.Watch(ctx) {
		got = append(got, words(u.Nodes, u.Err))
		cancel()
	}
	require.Equal(t, []string{"!guard: MaxDrop 50: must be a fraction from 0 to 1"}, got)
	for range g.Watch(ctx) {
		require.Fail(t, "an update after the end of the context")
	}
}
