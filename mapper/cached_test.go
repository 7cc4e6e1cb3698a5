package mapper_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

// saved writes a snapshot of that age.
func saved(t *testing.T, names string, age time.Duration) string {
	path := filepath.Join(t.TempDir(), "nodes.json")
	s := mapper.Snapshot{Saved: time.Now().Add(-age), Nodes: nodesOf(names)}
	require.NoError(t, s.Write(path))
	return path
}

// onDisk returns the nodes of the snapshot and its age.
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

		time.Sleep(time.Minute)
		_, err = c.Ask(t.Context())
		require.NoError(t, err, "as old as the limit allows")

		time.Sleep(time.Minute)
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

// TestSnapshotOfUnknownAge has a time too far in the future, and none.
func TestSnapshotOfUnknownAge(t *testing.T) {
	t.Parallel()
	undated := filepath.Join(t.TempDir(), "nodes.json")
	require.NoError(t, mapper.Snapshot{Nodes: nodesOf("a")}.Write(undated))
	for name, path := range map[string]string{"from the future": saved(t, "a", -time.Hour), "without a date": undated} {
		t.Run(name, func(t *testing.T) {
			u, err := (&mapper.Cached{Source: &polled{err: errDown}, Path: path}).Ask(t.Context())
			require.NoError(t, err)
			require.EqualError(t, u.Err, "using a snapshot that is of unknown age, as the source cannot be asked: down")
			require.Equal(t, "[a]", words(u.Nodes, nil))
			require.Zero(t, u.Confirmed)

			_, err = (&mapper.Cached{Source: &polled{err: errDown}, Path: path, MaxStale: time.Minute}).Ask(t.Context())
			require.EqualError(t, err, "the snapshot is of unknown age (the limit is 1m0s), and the source cannot be asked: down")
		})
	}
	u, err := (&mapper.Cached{Source: &polled{err: errDown}, Path: saved(t, "a", -time.Minute), MaxStale: time.Minute}).Ask(t.Context())
	require.NoError(t, err, "clocks differ by minutes")
	require.ErrorContains(t, u.Err, "using a snapshot that is 0s old")
}

// TestClocksDifferByFiveMinutes has the latest time in the future that counts as known, and
// one later.
func TestClocksDifferByFiveMinutes(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		for ahead, known := range map[time.Duration]bool{5 * time.Minute: true, 5*time.Minute + 1: false} {
			u, err := (&mapper.Cached{Source: &polled{err: errDown}, Path: saved(t, "a", -ahead)}).Ask(t.Context())
			require.NoError(t, err)
			require.Equal(t, known, !u.Confirmed.IsZero(), ahead)
		}
	})
}

// TestCachedNodesLogTheSnapshot: Nodes returns no staleness, so it logs it.
func TestCachedNodesLogTheSnapshot(t *testing.T) {
	t.Parallel()
	log := &bytes.Buffer{}
	src := newWatched("a")
	c := &mapper.Cached{Source: src, Path: saved(t, "a", time.Hour), Log: slog.New(slog.NewTextHandler(log, nil))}
	_, err := c.Nodes(t.Context())
	require.NoError(t, err)
	require.Empty(t, log.String())
	src.fail(errDown)
	_, err = c.Nodes(t.Context())
	require.NoError(t, err)
	require.Contains(t, log.String(), "mapper: using the snapshot")
}

// TestCachedDatesAnEmptySet: an empty set that was saved may be confirmed.
func TestCachedDatesAnEmptySet(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		path := saved(t, "", time.Hour)
		_, err := (&mapper.Cached{Source: newWatched(""), Path: path}).Ask(t.Context())
		require.NoError(t, err)
		names, age := onDisk(t, path)
		require.Equal(t, "[]", names)
		require.Zero(t, age)
	})
}

// TestCachedKeepsNodesDespiteAnEmptySet has the source lose all nodes, as after a
// revoked token or a typing error.
func TestCachedKeepsNodesDespiteAnEmptySet(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		for _, allow := range []bool{false, true} {
			want := map[bool]string{false: "[a b]", true: "[]"}[allow]
			path := saved(t, "a b", time.Hour)
			c := &mapper.Cached{Source: newWatched(""), Path: path, AllowEmpty: allow}
			nodes, err := c.Nodes(t.Context())
			require.Equal(t, "[]", words(nodes, err), "the answer is what the source says")
			set, _ := onDisk(t, path)
			require.Equal(t, want, set)

			path = saved(t, "a b", time.Hour)
			tape := record(t, &mapper.Cached{Source: newWatched(""), Path: path, AllowEmpty: allow})
			require.Equal(t, "[]", tape.after(time.Hour))
			set, _ = onDisk(t, path)
			require.Equal(t, want, set)
		}
	})
}

// TestGuardInACachedRemembers restarts a program during a mass deregistration.
func TestGuardInACachedRemembers(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		path := saved(t, "a b c d", time.Minute)
		restarted := func(names string) *mapper.Cached {
			guard := &mapper.Guard{Source: newWatched(names), MaxDrop: 0.5}
			return &mapper.Cached{Source: &mapper.Debounce{Source: guard}, Path: path}
		}
		const rejection = "rejected a set that lacks 3 of 4 nodes: the limit is 50%"
		u, err := restarted("a").Ask(t.Context())
		require.NoError(t, err)
		require.Equal(t, "[a b c d]", words(u.Nodes, nil))
		require.ErrorContains(t, u.Err, rejection)
		require.Contains(t, record(t, restarted("a")).take(), "[a b c d] !using a snapshot that is 1m0s old, as the source cannot be asked: "+rejection)
		set, _ := onDisk(t, path)
		require.Equal(t, "[a b c d]", set)

		require.Equal(t, "[a b]", record(t, restarted("a b")).take(), "half of them is within the limit")
	})
}

func TestCachedRejectsAnotherQuery(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.json")
	web := &mapper.Cached{Source: newWatched("a"), Path: path, Query: "consul web dc1"}
	_, err := web.Nodes(t.Context())
	require.NoError(t, err)
	web.Source = &polled{err: errDown}
	nodes, err := web.Nodes(t.Context())
	require.Equal(t, "[a]", words(nodes, err))

	db := &mapper.Cached{Source: &polled{err: errDown}, Path: path, Query: "consul db dc1"}
	_, err = db.Nodes(t.Context())
	require.ErrorIs(t, err, errDown)
	require.ErrorContains(t, err, "snapshot "+path+": it holds the answer to another query (consul web dc1)")

	db.Query = ""
	nodes, err = db.Nodes(t.Context())
	require.Equal(t, "[a]", words(nodes, err), "any will do")
}

// TestCachedSnapshotExpires lets a snapshot stand in until it is too old.
func TestCachedSnapshotExpires(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		src := newWatched("")
		src.fail(errDown)
		view, err := mapper.Follow(t.Context(), &mapper.Cached{Source: src, Path: saved(t, "a", 30*time.Minute), MaxStale: time.Hour}, join)
		require.NoError(t, err)
		defer view.Close()
		var stale *mapper.StaleError
		require.ErrorAs(t, view.Err(), &stale)
		require.Zero(t, stale.Limit)
		time.Sleep(29 * time.Minute)
		require.ErrorAs(t, view.Err(), &stale)
		require.Zero(t, stale.Limit)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.ErrorAs(t, view.Err(), &stale)
		require.Equal(t, time.Hour, stale.Limit, "the limit holds for as long as the snapshot is used")
		require.Greater(t, view.Age(), time.Hour)
		src.set("b")
		synctest.Wait()
		require.NoError(t, view.Err())
	})
}

func TestCachedSnapshotStaysPartial(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.json")
	partial := mapper.Func(func(context.Context) ([]mapper.Node, error) {
		return nodesOf("a"), &mapper.PartialError{Skipped: []error{errDown}}
	})
	_, err := mapper.Ask(t.Context(), &mapper.Cached{Source: partial, Path: path})
	require.NoError(t, err)
	u, err := mapper.Ask(t.Context(), &mapper.Cached{Source: &polled{err: errDown}, Path: path})
	require.NoError(t, err)
	require.Len(t, u.Skipped, 1)
	require.EqualError(t, u.Skipped[0], "records were left out when the snapshot was saved")
}

// TestCachedKeepsNodesOfAnotherQuery misspells the service: another query, and an
// empty answer.
func TestCachedKeepsNodesOfAnotherQuery(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.json")
	require.NoError(t, mapper.Snapshot{Saved: time.Now(), Query: "consul web", Nodes: nodesOf("a b")}.Write(path))
	for _, allow := range []bool{false, true} {
		c := &mapper.Cached{Source: &polled{}, Path: path, Query: "consul wbe", AllowEmpty: allow}
		got, err := c.Nodes(t.Context())
		require.Equal(t, "[]", words(got, err))
		set, _ := onDisk(t, path)
		require.Equal(t, map[bool]string{false: "[a b]", true: "[]"}[allow], set)
	}
}

// TestCachedDoesNotDateWhatAnAgentCacheAnswers: such an answer may be of any age,
// and so may the snapshot of it.
func TestCachedDoesNotDateWhatAnAgentCacheAnswers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.json")
	answer := mapper.Update{Nodes: nodesOf("a"), Origin: mapper.OriginAgentCache}
	for _, confirmed := range []time.Time{{}, time.Now()} {
		answer.Confirmed = confirmed
		_, err := (&mapper.Cached{Source: asked{answer}, Path: path}).Ask(t.Context())
		require.NoError(t, err)
		s, err := mapper.ReadSnapshot(path)
		require.NoError(t, err)
		require.Equal(t, confirmed.IsZero(), s.Saved.IsZero())
	}
}

// asked is a source with one answer.
type asked struct{ mapper.Update }

func (a asked) Nodes(context.Context) ([]mapper.Node, error) { return a.Update.Nodes, nil }

func (a asked) Ask(context.Context) (mapper.Update, error) { return a.Clone(), nil }
