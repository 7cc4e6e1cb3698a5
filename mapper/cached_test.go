package mapper_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

// saved writes a snapshot that is so old.
func saved(t *testing.T, names string, age time.Duration) string {
	path := filepath.Join(t.TempDir(), "nodes.json")
	s := mapper.Snapshot{Saved: time.Now().Add(-age), Nodes: nodesOf(names)}
	require.NoError(t, s.Write(path))
	return path
}

// onDisk is what the snapshot holds, and how old it is.
func onDisk(t *testing.T, path string) (string, time.Duration) {
	s, err := mapper.ReadSnapshot(path)
	require.NoError(t, err)
	return words(s.Nodes, nil), time.Since(s.Saved)
}

func TestCachedAsk(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a b")
		c := &mapper.Cached{Source: src, Path: filepath.Join(t.TempDir(), "nodes.json"), MaxStale: 5 * time.Minute}

		src.fail(errDown)
		_, err := c.Ask(t.Context())
		require.Equal(t, errDown, err, "there is no snapshot yet")

		src.set("a b")
		u, err := c.Ask(t.Context())
		require.NoError(t, err)
		require.NoError(t, u.Err)
		require.Equal(t, "[a b]", words(u.Nodes, nil))
		require.Equal(t, time.Now(), u.Confirmed)
		require.Equal(t, mapper.OriginLive, u.Origin)
		kept := time.Now()

		time.Sleep(4 * time.Minute)
		src.fail(errDown)
		u, err = c.Ask(t.Context())
		require.NoError(t, err)
		require.EqualError(t, u.Err, "using a snapshot that is 4m0s old, as the source cannot be asked: down")
		require.Equal(t, "[a b]", words(u.Nodes, nil))
		require.True(t, kept.Equal(u.Confirmed))
		require.Equal(t, mapper.OriginSnapshot, u.Origin)
		nodes, err := c.Nodes(t.Context())
		require.Equal(t, "[a b]", words(nodes, err))

		time.Sleep(2 * time.Minute)
		_, err = c.Ask(t.Context())
		require.EqualError(t, err, "the snapshot is 6m0s old (the limit is 5m0s), and the source cannot be asked: down")
		var stale *mapper.StaleError
		require.ErrorAs(t, err, &stale)
		require.Equal(t, 5*time.Minute, stale.Limit)
		require.ErrorIs(t, err, errDown)
		nodes, err = c.Nodes(t.Context())
		require.Empty(t, nodes)
		require.ErrorAs(t, err, &stale)
	})
}

func TestCachedIsPatientOnlyForAWhile(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		c := &mapper.Cached{Source: &polled{hang: true}, Path: saved(t, "a", time.Hour)}
		start := time.Now()
		nodes, err := c.Nodes(t.Context())
		require.Equal(t, "[a]", words(nodes, err))
		require.Equal(t, 2*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Nodes(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's context is over")
	})
}

func TestCachedWatchKeepsTheSet(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("a")
		path := filepath.Join(t.TempDir(), "nodes.json")
		tape := record(t, &mapper.Cached{Source: src, Path: path})
		require.Equal(t, "[a]", tape.take())
		src.set("a b")
		require.Equal(t, "[a b]", tape.take())
		set, age := onDisk(t, path)
		require.Equal(t, "[a b]", set)
		require.Zero(t, age)

		time.Sleep(time.Hour)
		_, age = onDisk(t, path)
		require.LessOrEqual(t, age, time.Minute, "it is refreshed while the source answers")
		src.fail(errDown)
		require.Equal(t, "!down", tape.take(), "the set stands without the snapshot")
		time.Sleep(time.Hour)
		_, age = onDisk(t, path)
		require.Greater(t, age, 59*time.Minute, "it ages while the source fails")
		src.set("a b")
		require.Equal(t, "[a b]", tape.take())
	})
}

func TestCachedWatchStartsInAnOutage(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("")
		src.fail(errDown)
		path := saved(t, "a b", time.Hour)
		tape := record(t, &mapper.Cached{Source: src, Path: path})
		require.Equal(t, "[a b] !using a snapshot that is 1h0m0s old, as the source cannot be asked: down", tape.take())
		time.Sleep(time.Hour)
		src.fail(errDown)
		require.Equal(t, "!using a snapshot that is 2h0m0s old, as the source cannot be asked: down", tape.take())
		set, age := onDisk(t, path)
		require.Equal(t, "[a b]", set)
		require.Greater(t, age, 2*time.Hour-time.Second, "what was read is not written as if it were news")
		src.set("c")
		require.Equal(t, "[c]", tape.take())
		src.fail(errDown)
		require.Equal(t, "!down", tape.take(), "the snapshot is not needed any more")
	})
}

func TestCachedWatchStartsWithAHangingSource(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("c")
		src.hang = true
		tape := record(t, &mapper.Cached{Source: src, Path: saved(t, "a", time.Minute), Patience: 3 * time.Second})
		require.Empty(t, tape.after(2*time.Second))
		require.Equal(t, "[a] !using a snapshot that is 1m3s old, as the source cannot be asked: no answer yet", tape.after(2*time.Second))
		src.mu.Lock()
		src.hang = false
		src.mu.Unlock()
		src.set("c")
		require.Equal(t, "[c]", tape.take())
	})
}

func TestCachedWatchWithoutAUsableSnapshot(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := &polled{err: errDown}
		none := filepath.Join(t.TempDir(), "none")
		require.Equal(t, "!down", record(t, &mapper.Cached{Source: src, Path: none}).take())

		old := saved(t, "a", time.Hour)
		require.Equal(t, "!the snapshot is 1h0m0s old (the limit is 1m0s), and the source cannot be asked: down",
			record(t, &mapper.Cached{Source: src, Path: old, MaxStale: time.Minute}).take())

		broken := filepath.Join(t.TempDir(), "broken")
		require.NoError(t, os.WriteFile(broken, []byte("{"), 0o600))
		require.Equal(t, "!down; snapshot "+broken+":1:1: not JSON: unexpected end of JSON input",
			record(t, &mapper.Cached{Source: src, Path: broken}).take())
	})
}

func TestCachedThatCannotWriteGoesOn(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := &mapper.Cached{Source: newWatched("a"), Path: filepath.Join(t.TempDir(), "none", "x"), Log: slog.New(slog.NewTextHandler(&log, nil))}
	nodes, err := c.Nodes(t.Context())
	require.Equal(t, "[a]", words(nodes, err))
	require.Contains(t, log.String(), "the snapshot cannot be written")
}

func TestSnapshotFromTheFutureHasNoAge(t *testing.T) {
	t.Parallel()
	c := &mapper.Cached{Source: &polled{err: errDown}, Path: saved(t, "a", -time.Hour), MaxStale: time.Minute}
	u, err := c.Ask(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, u.Err, "using a snapshot that is 0s old")
}
