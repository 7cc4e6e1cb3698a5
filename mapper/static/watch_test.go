package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// never is a ScanEvery that plays no part in a test.
const never = 1000 * time.Hour

// patience bounds what takes milliseconds where nothing else runs.
const patience = time.Minute

// tape is a running watch.
type tape struct {
	t      *testing.T
	events chan string
}

func record(t *testing.T, f *File) *tape {
	t.Helper()
	return recordAll(t, f.Path, f.Watch)
}

func recordAll(t *testing.T, path string, watch func(context.Context) iter.Seq[mapper.Update]) *tape {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	tape := &tape{t, make(chan string, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for u := range watch(ctx) {
			var names []string
			for _, n := range u.Nodes {
				names = append(names, n.Name)
			}
			if u.Err != nil {
				names = []string{"!" + strings.TrimPrefix(u.Err.Error(), path)}
			}
			tape.events <- strings.Join(names, " ")
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return tape
}

// next waits for an event that begins so. A change that is made in steps may
// be seen in the middle of it, which is an error and passed over.
func (p *tape) next(want string) {
	p.t.Helper()
	for timeout := time.After(patience); ; {
		select {
		case got := <-p.events:
			if strings.HasPrefix(got, want) {
				return
			}
			require.True(p.t, strings.HasPrefix(got, "!"), "want %q, got %q", want, got)
		case <-timeout:
			require.FailNow(p.t, "no event", "want %q", want)
		}
	}
}

// quiet expects no event within an hour. It is for bubbles only.
func (p *tape) quiet() {
	p.t.Helper()
	time.Sleep(time.Hour)
	synctest.Wait()
	require.Empty(p.t, p.events)
}

func TestWatchSeesEveryWayToChangeAFile(t *testing.T) {
	t.Parallel()
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.txt"), ScanEvery: never, Settle: 50 * time.Millisecond}
	write(t, f.Path, "a\n")
	tape := record(t, f)
	tape.next("a")
	write(t, f.Path, "b\n")
	tape.next("b")
	replace(t, f.Path, "c\n")
	tape.next("c")
	require.NoError(t, os.Rename(f.Path, f.Path+"~")) // an editor that keeps a copy
	write(t, f.Path, "d\n")
	tape.next("d")
	require.NoError(t, os.Remove(f.Path))
	tape.next("!: no such file or directory")
	replace(t, f.Path, "d\n")
	tape.next("d")
}

// TestWatchYieldsNoUpdateWithoutNews has events and scans that find the list that
// was yielded last.
func TestWatchYieldsNoUpdateWithoutNews(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := &File{Path: filepath.Join(t.TempDir(), "nodes.txt"), ScanEvery: 10 * time.Second, Settle: 50 * time.Millisecond}
		events := make(chan fsnotify.Event)
		write(t, f.Path, "a\n")
		tape := recordAll(t, f.Path, func(ctx context.Context) iter.Seq[mapper.Update] {
			return func(yield func(mapper.Update) bool) { f.watch(ctx, hints{events: events}, yield) }
		})
		tape.next("a")
		tape.quiet() // scans of an unchanged file
		replace(t, f.Path, "a\n")
		events <- fsnotify.Event{Name: f.Path, Op: fsnotify.Create}
		tape.quiet()
		events <- fsnotify.Event{Name: filepath.Join(filepath.Dir(f.Path), "other.txt"), Op: fsnotify.Create}
		tape.quiet()
		replace(t, f.Path, "a\n")
		tape.quiet() // a scan sees another file
		require.NoError(t, os.Remove(f.Path))
		tape.next("!: no such file")
		replace(t, f.Path, "a\n")
		for got := "!"; got != "a"; {
			got = <-tape.events
		}
		tape.quiet() // scans after an error
		replace(t, f.Path, "b\n")
		tape.next("b")
	})
}

// TestWatchSeesLinksSwapped swaps a directory as a Kubernetes volume does: the
// file is a link through ..data, and only that changes.
func TestWatchSeesLinksSwapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for version, list := range map[string]string{"..1": "a\n", "..2": "b\n"} {
		require.NoError(t, os.Mkdir(at(version), 0o700))
		write(t, at(version, "nodes.txt"), list)
	}
	require.NoError(t, os.Symlink("..1", at("..data")))
	require.NoError(t, os.Symlink(filepath.Join("..data", "nodes.txt"), at("nodes.txt")))
	tape := record(t, &File{Path: at("nodes.txt"), ScanEvery: never, Settle: 50 * time.Millisecond})
	tape.next("a")
	require.NoError(t, os.Symlink("..2", at("..data_tmp")))
	require.NoError(t, os.Rename(at("..data_tmp"), at("..data")))
	tape.next("b")
}

// TestWatchScans changes a file behind a link, where the system reports no change.
func TestWatchScans(t *testing.T) {
	t.Parallel()
	elsewhere := filepath.Join(t.TempDir(), "nodes.txt")
	write(t, elsewhere, "a\n")
	link := filepath.Join(t.TempDir(), "nodes.txt")
	require.NoError(t, os.Symlink(elsewhere, link))
	tape := record(t, &File{Path: link, ScanEvery: 10 * time.Millisecond, Settle: time.Millisecond})
	tape.next("a")
	replace(t, elsewhere, "b\nc\n")
	tape.next("b c")
	require.NoError(t, os.Remove(elsewhere))
	tape.next("!: no such file")
	tape.next("!: no such file") // and again at every look
	replace(t, elsewhere, "b\nc\n")
	for got := "!"; strings.HasPrefix(got, "!"); {
		got = <-tape.events
	}
	replace(t, elsewhere, "d\n")
	tape.next("d")
}

func TestWatchKeepsTheLastGoodList(t *testing.T) {
	t.Parallel()
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.json"), ScanEvery: never, Settle: 50 * time.Millisecond}
	write(t, f.Path, `["a"]`)
	tape := record(t, f)
	tape.next("a")
	replace(t, f.Path, `["a", "b`)
	tape.next("!:1:8: not JSON: unexpected end of JSON input")
	require.NoError(t, os.Truncate(f.Path, 0))
	tape.next("!: it is empty, as a file that is being written; a list without nodes is a comment, or []")
	replace(t, f.Path, `["a"]`)
	tape.next("a")
	replace(t, f.Path, `[]`)
	tape.next("")
	require.NoError(t, os.Remove(f.Path))
	require.NoError(t, os.Mkdir(f.Path, 0o700))
	tape.next("!: it is a directory")
}

// inBubble watches a file of ["a"] that the test changes
// in virtual time.
func inBubble(t *testing.T, settle time.Duration, test func(tape *tape, change func(string))) {
	bubble.Test(t, func(t *testing.T) {
		f := &File{Path: filepath.Join(t.TempDir(), "nodes.json"), ScanEvery: never, Settle: settle}
		events := make(chan fsnotify.Event)
		write(t, f.Path, `["a"]`)
		tape := recordAll(t, f.Path, func(ctx context.Context) iter.Seq[mapper.Update] {
			return func(yield func(mapper.Update) bool) { f.watch(ctx, hints{events: events}, yield) }
		})
		tape.next("a")
		test(tape, func(text string) {
			write(t, f.Path, text)
			events <- fsnotify.Event{Name: f.Path, Op: fsnotify.Write}
		})
	})
}

func TestWatchWaitsForAWriterToFinish(t *testing.T) {
	t.Parallel()
	inBubble(t, 100*time.Millisecond, func(tape *tape, change func(string)) {
		for _, text := range []string{``, `["a",`, `["a","b",`, `["a","b","c"]`} {
			change(text)
			time.Sleep(99 * time.Millisecond)
		}
		require.Empty(t, tape.events)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, "a b c", <-tape.events)
		tape.quiet()
	})
}

func TestWatchWaitsOnlySoLong(t *testing.T) {
	t.Parallel()
	inBubble(t, 100*time.Millisecond, func(tape *tape, change func(string)) {
		start := time.Now()
		for i := 0; len(tape.events) == 0; i++ {
			change(fmt.Sprintf(`["b%d"]`, i))
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		require.Equal(t, time.Second, time.Since(start), "ten times the time to settle")
	})
}

func TestWatchSurvivesItsDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "conf")
	f := &File{Path: filepath.Join(dir, "nodes.txt"), ScanEvery: 20 * time.Millisecond, Settle: time.Millisecond}
	tape := record(t, f)
	tape.next("!: no such file")
	require.NoError(t, os.Mkdir(dir, 0o700))
	write(t, f.Path, "a\n")
	for got := "!"; got != "a"; {
		got = <-tape.events
	}
	require.NoError(t, os.Rename(dir, dir+".old"))
	require.NoError(t, os.Mkdir(dir, 0o700))
	write(t, f.Path, "b\n")
	for got := "!"; got != "b"; {
		got = <-tape.events
	}
}

func TestWatchOfAPathThatIsWrong(t *testing.T) {
	t.Parallel()
	tape := record(t, &File{Path: t.TempDir(), ScanEvery: never})
	tape.next("!: it is a directory")
}

// TestWatchWaitsForTheEndOfALastLine has lists whose end may be missing.
func TestWatchWaitsForTheEndOfALastLine(t *testing.T) {
	t.Parallel()
	for name, lists := range map[string][3]string{ // good, torn, whole
		"nodes.txt":  {"a 10.0.0.1:8080\n", "a 10.0.0.1:8080\nb 10.0.0.2:80", "a 10.0.0.1:8080\nb 10.0.0.2:8080\n"},
		"nodes.yaml": {"- a\n", "- a\n- b", "- a\n- bc\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &File{Path: filepath.Join(t.TempDir(), name), ScanEvery: never, Settle: 20 * time.Millisecond}
			write(t, f.Path, lists[0])
			tape := record(t, f)
			tape.next("a")
			write(t, f.Path, lists[1])
			tape.next("!: its last line has no newline, as a file that is being written: add one")
			write(t, f.Path, lists[2])
			tape.next("a b")
			write(t, f.Path, " \n\n\t\n")
			tape.next("!: it is empty, as a file that is being written")
			write(t, f.Path, lists[0])
			tape.next("a")
			nodes, err := (&File{Path: f.Path}).Nodes(t.Context())
			require.NoError(t, err)
			require.Len(t, nodes, 1)
		})
	}
}

// TestWatchesShareOneNotifier has more watches than a system may allow, also by
// several names of one directory.
func TestWatchesShareOneNotifier(t *testing.T) {
	before := inotifyInstances(t)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "link")))
	path := filepath.Join(dir, "nodes.txt")
	write(t, path, "a\n")
	var tapes []*tape
	for i := range 200 {
		f := &File{Path: path, ScanEvery: never, Settle: time.Millisecond}
		if i%2 == 1 {
			f.Path = filepath.Join(dir, "link", "nodes.txt")
		}
		tapes = append(tapes, record(t, f))
	}
	for _, tape := range tapes {
		tape.next("a")
	}
	require.Equal(t, before+1, inotifyInstances(t))
	replace(t, path, "b\n")
	for _, tape := range tapes {
		tape.next("b")
	}
}

// inotifyInstances counts them, where the system lists them.
func inotifyInstances(t *testing.T) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	if len(links) == 0 {
		t.Skip("this system does not list open files")
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == "anon_inode:inotify" {
			n++
		}
	}
	return n
}

// TestWatchWithoutNotifier scans, and says so: the system has no more instances of
// its watcher, or no more watches for one.
func TestWatchWithoutNotifier(t *testing.T) {
	notifier.mu.Lock()
	open, watch := notifier.open, notifier.watch
	notifier.mu.Unlock()
	set := func(open func() (*fsnotify.Watcher, error), watch func(*fsnotify.Watcher, string) error) {
		notifier.mu.Lock()
		defer notifier.mu.Unlock()
		notifier.open, notifier.watch = open, watch
	}
	defer set(open, watch)
	t.Run("instances", func(t *testing.T) {
		set(func() (*fsnotify.Watcher, error) { return nil, errors.New("too many open files") }, watch)
		require.Contains(t, scanned(t), "too many open files")
	})
	t.Run("watches", func(t *testing.T) {
		set(open, func(*fsnotify.Watcher, string) error { return errors.New("no space left on device") })
		require.Contains(t, scanned(t), "no space left on device")
	})
}

// scanned watches a file that only scanning sees change, and returns the log.
func scanned(t *testing.T) string {
	var log bytes.Buffer
	f := &File{
		Path: filepath.Join(t.TempDir(), "nodes.txt"), ScanEvery: 10 * time.Millisecond, Settle: time.Millisecond,
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	write(t, f.Path, "a\n")
	tape := record(t, f)
	tape.next("a")
	replace(t, f.Path, "b\n")
	tape.next("b")
	require.Contains(t, log.String(), "changes are only seen by scanning")
	return log.String()
}
