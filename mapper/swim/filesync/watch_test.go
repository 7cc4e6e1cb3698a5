//go:build unix

package filesync

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watched runs Watch and returns a channel with a token for each change.
func watched(t *testing.T, m *Mirror) <-chan struct{} {
	changes := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		err := m.Watch(ctx, func() {
			select {
			case changes <- struct{}{}:
			default:
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return changes
}

// untilReported changes a file until a change is reported.
func untilReported(t *testing.T, reported <-chan struct{}, path string, every time.Duration) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		require.NoError(t, os.WriteFile(path, []byte(time.Now().String()), 0o600))
		select {
		case <-reported:
			return
		case <-time.After(every):
			require.True(t, time.Now().Before(end), "no change is reported")
		}
	}
}

func TestFolderThatAlwaysChangesIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	untilReported(t, watched(t, m), filepath.Join(dir, ".local", "k"), quietFor/10)
}

func TestFolderThatIsReplacedIsWatched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	m.retry = quietFor
	reported := watched(t, m)
	folder := filepath.Join(dir, "127.0.0.1:2001")
	untilReported(t, reported, filepath.Join(folder, "k"), 2*quietFor)
	for i, replace := range []func() error{
		func() error { return os.Rename(folder, folder+".old") },
		func() error { return os.RemoveAll(folder) },
	} {
		require.NoError(t, replace())
		time.Sleep(time.Duration(i) * 3 * quietFor) // no folder for a while
		require.NoError(t, os.Mkdir(folder, 0o755))
		untilReported(t, reported, filepath.Join(folder, "k"), 2*quietFor)
		untilReported(t, reported, filepath.Join(folder, "k"), 2*quietFor)
	}
}

func TestBurstEnds(t *testing.T) {
	t.Parallel()
	start := time.Now()
	var b burst
	b.touch(start)
	require.NotNil(t, b.due)
	b.touch(start.Add(atMost + time.Hour))
	select {
	case <-b.due:
	case <-time.After(time.Minute):
		require.Fail(t, "the burst is not reported")
	}
}
