package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/consul"
)

// story is a source with a scripted watch.
type story func(ctx context.Context, yield func([]mapper.Node, error) bool)

func (s story) Nodes(context.Context) ([]mapper.Node, error) { panic("only watched") }

func (s story) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	var feed mapper.Feed
	feed.Run = func(ctx context.Context) {
		s(ctx, func(nodes []mapper.Node, err error) bool {
			if err != nil {
				feed.Fail(err)
			} else {
				feed.Set(mapper.Update{Nodes: nodes})
			}
			return true
		})
	}
	return feed.Watch(ctx)
}

func named(names ...string) (nodes []mapper.Node) {
	for _, name := range names {
		nodes = append(nodes, mapper.Node{Name: name})
	}
	return nodes
}

// await waits for a file.
func await(t *testing.T, path string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := os.Stat(path)
		return err == nil
	}, time.Minute, time.Millisecond, "%s does not exist", path)
}

// A hook that ignores SIGTERM is killed at its timeout, with its child processes.
func TestHookTimeoutKillsProcessGroup(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	const program = `trap "" TERM; sleep 600 >/dev/null 2>&1 & echo $! >"$1"; wait; wait`
	var warnings bytes.Buffer
	h := hook{program: "sh", args: []string{"-c", program, "sh", file}, timeout: 100 * time.Millisecond, grace: 100 * time.Millisecond}
	pid := 0
	for pid == 0 { // on a busy machine the timeout may come before the program writes
		h.run(t.Context(), changeOf(nil, named("a")), &term.Streams{Err: &warnings, Getenv: os.Getenv})
		require.Contains(t, warnings.String(), "--exec sh: timed out after 100ms")
		if text, err := os.ReadFile(file); err == nil {
			_, _ = fmt.Sscan(string(text), &pid) // the write may be partial
		}
	}
	require.Eventually(t, func() bool { return !runs(pid) }, time.Minute, time.Millisecond)
}

// runs reports whether a process exists and is not a zombie.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

// Changes and a failure arrive while the hook runs. It then runs once for all of
// them.
func TestHookRunsDoNotOverlap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	const program = `mkdir "$1/running" || exit 1; cat >>"$1/events"; while ! test -e "$1/go"; do sleep 0.02; done; rmdir "$1/running"`
	var out, warnings bytes.Buffer
	o := &watchOptions{
		std:  &term.Streams{Out: &out, Err: &warnings, Getenv: func(string) string { return "" }},
		hook: hook{program: "sh", args: []string{"-c", program, "sh", dir}, timeout: time.Hour},
	}
	o.format.Offer(watchWriters...)
	require.NoError(t, o.format.Set("json"))
	o.source.Backend = "static"
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	err := o.follow(ctx, story(func(ctx context.Context, yield func([]mapper.Node, error) bool) {
		yield(named("a"), nil)
		await(t, at("running"))
		yield(named("a", "b"), nil) // yield returns after the update is handled
		yield(nil, errors.New("down"))
		yield(named("a", "b", "c"), nil)
		yield(named("b", "c"), nil)
		require.NoError(t, os.WriteFile(at("go"), nil, 0o600))
		require.Eventually(t, func() bool {
			events, err := os.ReadFile(at("events"))
			return err == nil && bytes.Count(events, []byte("\n")) == 2
		}, time.Minute, time.Millisecond, "no second run")
		yield(named("b", "c"), nil) // no change
		cancel(over)
	}))
	require.ErrorIs(t, err, over)

	events, err := os.ReadFile(at("events"))
	require.NoError(t, err)
	require.Equal(t, out.String(), string(events), "the hook reads what watch prints")
	var got []watchEvent
	for line := range bytes.Lines(events) {
		var e watchEvent
		require.NoError(t, json.Unmarshal(line, &e))
		e.Schema, e.Time = "", time.Time{}
		got = append(got, e)
	}
	require.Equal(t, []watchEvent{
		{Added: []string{"a"}, Nodes: named("a")},
		{Added: []string{"b", "c"}, Removed: []string{"a"}, Nodes: named("b", "c")},
	}, got)
	require.Empty(t, warnings.String(), "no run overlapped another")
}

// A set that becomes partial, and complete again, is a change.
func TestWatchTellsPartialSets(t *testing.T) {
	t.Parallel()
	var out, warnings bytes.Buffer
	o := &watchOptions{std: &term.Streams{Out: &out, Err: &warnings, Getenv: func(string) string { return "" }}}
	o.format.Offer(watchWriters...)
	o.source.Backend = "dns"
	w := watching{watchOptions: o}
	bad := []error{errors.New("record \"b\": port 0")}
	for _, u := range []mapper.Update{
		{Nodes: named("a")}, {Nodes: named("a"), Skipped: bad}, {Nodes: named("a"), Skipped: bad}, {Nodes: named("a")},
	} {
		require.NoError(t, w.take(t.Context(), u))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3, out.String())
	require.Contains(t, lines[0], " 1 node +a")
	require.Contains(t, lines[1], " 1 node partial")
	require.NotContains(t, lines[2], "partial")
	require.Equal(t, "proxenos: warning: partial: record \"b\": port 0\n", warnings.String())
}

// A failure and an empty set have the hint of proxenos nodes. A hint that stays
// the same is not repeated.
func TestWatchGivesHints(t *testing.T) {
	t.Parallel()
	var out, warnings bytes.Buffer
	o := &watchOptions{std: &term.Streams{Out: &out, Err: &warnings, Getenv: func(string) string { return "" }}}
	o.format.Offer(watchWriters...)
	o.source.Backend = "consul"
	w := watching{watchOptions: o}
	denied := &consul.Error{Addr: "localhost:8500", Kind: consul.ErrPermission, Err: errors.New("an empty result without a token")}
	for range 3 {
		require.NoError(t, w.take(t.Context(), mapper.Update{Err: denied}))
	}
	require.Equal(t, 3, strings.Count(warnings.String(), "without a token"))
	require.Equal(t, 1, strings.Count(warnings.String(), "hint: CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN gives the token"), warnings.String())
	require.NoError(t, w.take(t.Context(), mapper.Update{Nodes: []mapper.Node{}}))
	require.Contains(t, out.String(), " 0 nodes")
	require.Contains(t, warnings.String(), "hint: is the service registered and passing?")
}

// The program gets no secret of this process.
func TestHookEnvironment(t *testing.T) {
	t.Setenv("CONSUL_HTTP_TOKEN", "secret")
	t.Setenv("PROXENOS_SIPHASH_KEY", "secret")
	t.Setenv("LC_ALL", "C")
	var output bytes.Buffer
	h := hook{program: "env", timeout: time.Minute, grace: time.Second}
	h.run(t.Context(), changeOf(nil, named("a")), &term.Streams{Err: &output, Getenv: os.Getenv})
	require.Contains(t, output.String(), "PATH=")
	require.Contains(t, output.String(), "LC_ALL=C")
	require.NotContains(t, output.String(), "secret")
}
