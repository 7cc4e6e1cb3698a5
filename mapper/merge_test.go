package mapper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestMergeNodes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		sources []mapper.Mapper
		partial bool
		want    string
	}{
		{"no source", nil, false, "[]"},
		{"one source", []mapper.Mapper{newWatched("b a")}, false, "[a b]"},
		{"sorted by name", []mapper.Mapper{newWatched("d b"), newWatched("c a")}, false, "[a b c d]"},
		{"the same node counts once", []mapper.Mapper{newWatched("a b"), newWatched("b c")}, false, "[a b c]"},
		{"one source has no nodes", []mapper.Mapper{newWatched("a"), newWatched("")}, false, "[a]"},
		{"one source fails", []mapper.Mapper{newWatched("a"), &polled{err: errDown}}, false, "!source 2 of 2: down"},
		{"all sources fail", []mapper.Mapper{&polled{err: errDown}, &polled{err: errDown}}, true, "!source 1 of 2: down; source 2 of 2: down"},
		{"one source fails, but partial will do", []mapper.Mapper{newWatched("a"), &polled{err: errDown}}, true,
			"[a] !the set is partial, records left out: 1: source 2 of 2: down"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			nodes, err := (&mapper.Merge{Sources: c.sources, Partial: c.partial}).Nodes(t.Context())
			var partial *mapper.PartialError
			if errors.As(err, &partial) {
				require.Equal(t, c.want, words(nodes, nil)+" "+words(nil, err))
				return
			}
			require.Equal(t, c.want, words(nodes, err))
		})
	}
	_, err := (&mapper.Merge{Sources: []mapper.Mapper{&polled{err: errDown}, newWatched("a"), &polled{err: context.DeadlineExceeded}}}).Nodes(t.Context())
	require.ErrorIs(t, err, errDown)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestMergeIsAsSureAsItsLeastSurePart(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		path := saved(t, "b", time.Hour)
		stale := &mapper.Cached{Source: &polled{err: errDown}, Path: path}
		u, err := mapper.Ask(t.Context(), &mapper.Merge{Sources: []mapper.Mapper{newWatched("a"), stale}})
		require.NoError(t, err)
		require.Equal(t, "[a b]", words(u.Nodes, nil))
		require.Equal(t, mapper.OriginSnapshot, u.Origin)
		require.Equal(t, time.Hour, time.Since(u.Confirmed).Round(time.Second))
		require.ErrorIs(t, u.Err, errDown)
	})
}

func TestMergeConflict(t *testing.T) {
	t.Parallel()
	type pair struct{ kept, dropped float64 }
	var conflicts []pair
	m := &mapper.Merge{
		Sources:  []mapper.Mapper{newWatched("a:1 b:1"), newWatched("a:2 b:1"), newWatched("a:3")},
		Conflict: func(kept, dropped mapper.Node) { conflicts = append(conflicts, pair{kept.Weight, dropped.Weight}) },
	}
	nodes, err := m.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, nodesOf("a:1 b:1"), nodes, "the first source wins")
	require.Equal(t, []pair{{1, 2}, {1, 3}}, conflicts, "equal nodes are no conflict")
}

// A strict merge takes no side: the set before a conflict stands.
func TestMergeStrict(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		one, two := newWatched("a:1 b:1"), newWatched("a:1 c:1")
		m := &mapper.Merge{Sources: []mapper.Mapper{one, two}, Names: []string{"consul", "etcd"}, Strict: true}
		tape := record(t, m)
		require.Equal(t, "[a b c]", tape.take(), "equal nodes are no conflict")
		two.set("a:2 c:1 d:1")
		require.Equal(t, `!consul and etcd report node "a" with different data`, tape.take())
		_, err := m.Nodes(t.Context())
		var conflict *mapper.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, mapper.ConflictError{Node: "a", Sources: [2]string{"consul", "etcd"}}, *conflict)
		one.set("a:2")
		require.Equal(t, "[a c d]", tape.take())
		two.fail(errDown)
		require.Equal(t, "!etcd: down", tape.take())
	})
}

func TestMergeWatch(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		one, two := newWatched("a"), newWatched("b")
		two.fail(errDown)
		tape := record(t, &mapper.Merge{Sources: []mapper.Mapper{one, two}})
		require.Equal(t, "!source 2 of 2: down", tape.take(), "half a set is none")
		one.set("a c")
		require.Empty(t, tape.take())
		two.set("b")
		require.Equal(t, "[a b c]", tape.take())
		two.fail(errDown)
		require.Equal(t, "!source 2 of 2: down", tape.take())
		one.set("d")
		require.Equal(t, "[b d] !source 2 of 2: down", tape.take(), "the one that fails keeps its nodes")
		one.set("")
		require.Equal(t, "[b] !source 2 of 2: down", tape.take())
		two.set("e")
		require.Equal(t, "[e]", tape.take())
	})
}

func TestMergeWatchPartial(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		one, two := newWatched("a"), newWatched("b")
		two.fail(errDown)
		tape := record(t, &mapper.Merge{Sources: []mapper.Mapper{one, two}, Partial: true})
		require.Contains(t, []string{"[a] !source 2 of 2: down", "!source 2 of 2: down [a] !source 2 of 2: down"}, tape.take(), "whichever came first")
		two.set("b")
		require.Equal(t, "[a b]", tape.take())
	})
}

func TestMergeWatchWithoutSources(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		tape := record(t, &mapper.Merge{})
		require.Equal(t, "[]", tape.after(time.Hour))
		require.False(t, tape.ended)
		tape.stop()
		tape.take()
		require.True(t, tape.ended)
	})
}

func TestMergePolls(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := &polled{nodes: nodesOf("a")}
		tape := record(t, &mapper.Merge{Sources: []mapper.Mapper{&mapper.Polled{Source: src, Every: time.Minute}}})
		require.Equal(t, "[a]", tape.take())
		src.set("b")
		require.Equal(t, "[b]", tape.after(70*time.Second))
	})
}
