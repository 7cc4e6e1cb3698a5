package mapper_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

// TestBuildErrorNamesGoneNodes: while a set cannot be built, the value has nodes
// that are gone, which the error names and the log has as an error, once.
func TestBuildErrorNamesGoneNodes(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("c a b")
		var log strings.Builder
		view, err := mapper.FollowWith(t.Context(), src, join, mapper.FollowConfig[string]{
			Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo})),
		})
		require.NoError(t, err)
		defer view.Close()
		errorsLogged := func() int {
			synctest.Wait()
			return strings.Count(log.String(), "level=ERROR")
		}

		src.fail(errDown)
		require.Zero(t, errorsLogged(), log.String())
		src.set("a bad")
		require.Equal(t, 1, errorsLogged(), "although the source failed before")
		var failed *mapper.BuildError
		require.ErrorAs(t, view.Err(), &failed)
		require.Equal(t, []string{"b", "c"}, failed.Gone)
		require.Equal(t, 2, failed.Nodes)
		require.EqualError(t, failed, "building from 2 nodes: bad node; still in use although gone: b, c")
		require.Contains(t, log.String(), "still in use although gone: b, c")
		require.Equal(t, "[c a b]", view.Value())

		src.set("a bad d")
		require.Equal(t, 1, errorsLogged(), "no other nodes are gone")
		src.set("bad")
		require.Equal(t, 2, errorsLogged())
		src.set("a")
		require.Equal(t, 2, errorsLogged())
		require.NoError(t, view.Err())
		require.Equal(t, "[a]", view.Value())
	})
}

// TestBuildErrorNamesDrainedNodes: a node that was drained has keys until a set can
// be built again. One that had none is not among them.
func TestBuildErrorNamesDrainedNodes(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("c a b d:0")
		var log strings.Builder
		view, err := mapper.FollowWith(t.Context(), src, join, mapper.FollowConfig[string]{
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		require.NoError(t, err)
		defer view.Close()
		src.put([]mapper.Node{{Name: "c", Drain: true}, {Name: "a"}, {Name: "d", Drain: true}, {Name: "bad"}}, nil)
		synctest.Wait()
		require.EqualError(t, view.Err(), "building from 4 nodes: bad node; still in use although gone: b; still in use although drained: c")
		require.Equal(t, 1, strings.Count(log.String(), "level=ERROR"), log.String())
		require.Contains(t, log.String(), "gone=2")
	})
}

func TestBuildErrorIsShort(t *testing.T) {
	t.Parallel()
	cause := errors.New("no room")
	err := &mapper.BuildError{Err: cause, Nodes: 1, Gone: strings.Split("abcdefgh", "")}
	require.ErrorIs(t, err, cause)
	require.EqualError(t, err, "building from 1 node: no room; still in use although gone: a, b, c, d, e and 3 more")
	err.Gone = err.Gone[:5]
	require.EqualError(t, err, "building from 1 node: no room; still in use although gone: a, b, c, d, e")
	require.EqualError(t, &mapper.BuildError{Err: cause, Nodes: 3}, "building from 3 nodes: no room")
}
