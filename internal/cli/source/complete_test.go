package source

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// While a watched set is partial, the last complete one stands.
func TestCompleteKeepsTheLastCompleteSet(t *testing.T) {
	t.Parallel()
	one, two := []mapper.Node{{Name: "a"}}, []mapper.Node{{Name: "a"}, {Name: "b"}}
	updates := []mapper.Update{
		{Nodes: one}, {Nodes: two, Skipped: []error{errors.New("record c: port 0")}}, {Err: errors.New("down")}, {Nodes: two},
	}
	feed := &mapper.Feed{}
	next := make(chan bool)
	feed.Run = func(ctx context.Context) {
		for _, u := range updates {
			if u.Known() {
				feed.Set(u)
			} else {
				feed.Fail(u.Err)
			}
			select {
			case <-next:
			case <-ctx.Done():
			}
		}
	}
	var got []mapper.Update
	for u := range (complete{watched{feed}}).Watch(t.Context()) {
		if got = append(got, u); len(got) == len(updates) {
			break
		}
		next <- true
	}
	require.Equal(t, one, got[0].Nodes)
	require.NoError(t, got[0].Err)
	require.Equal(t, one, got[1].Nodes, "the complete set")
	require.ErrorContains(t, got[1].Err, "the set is partial")
	require.ErrorContains(t, got[2].Err, "down")
	require.Equal(t, two, got[3].Nodes)
	require.NoError(t, got[3].Err)
}

// watched is a source that is only watched.
type watched struct{ *mapper.Feed }

func (watched) Nodes(context.Context) ([]mapper.Node, error) { panic("only watched") }

// A watch with --cache has no set either while the snapshot is partial.
func TestWatchedPartialSnapshotIsRejected(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cache.json")
	require.NoError(t, mapper.Snapshot{Saved: time.Now(), Partial: true, Nodes: []mapper.Node{{Name: "a"}}}.Write(path))
	std := &term.Streams{Err: io.Discard, Getenv: func(string) string { return "" }}
	for _, required := range []bool{false, true} {
		o := Flags{Backend: "static", file: filepath.Join(t.TempDir(), "missing.txt"), timeout: time.Minute}
		o.Outages.cache, o.complete.required = path, required
		watched, err := o.Watched(t.Context(), time.Hour, std)
		require.NoError(t, err)
		for u := range watched.Watch(t.Context()) {
			require.Error(t, u.Err)
			require.Equal(t, !required, u.Known())
			require.Equal(t, required, strings.Contains(u.Err.Error(), "records were left out when the snapshot was saved"))
			break
		}
	}
}
