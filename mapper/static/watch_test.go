package static

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// never is a Poll that plays no part in a test.
const never = time.Hour

// tape is a running watch.
type tape struct {
	t      *testing.T
	events chan string
}

func record(t *testing.T, f *File) *tape {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	tape := &tape{t, make(chan string, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for nodes, err := range f.Watch(ctx) {
			var names []string
			for _, n := range nodes {
				names = append(names, n.Name)
			}
			if err != nil {
				names = []string{"!" + strings.TrimPrefix(err.Error(), f.Path)}
			}
			tape.events <- strings.Join(names, " ")
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return tape
}

// next waits for an event that begins so.
func (p *tape) next(want string) {
	p.t.Helper()
	select {
	case got := <-p.events:
		require.True(p.t, strings.HasPrefix(got, want), "want %q, got %q", want, got)
	case <-time.After(5 * time.Second):
		require.FailNow(p.t, "no event", "want %q", want)
	}
}

// quiet expects no event for a while.
func (p *tape) quiet() {
	p.t.Helper()
	select {
	case got := <-p.events:
		require.FailNow(p.t, "an event", "%q", got)
	case <-time.After(200 * time.Millisecond):
	}
}

func TestWatchSeesEveryWayToChangeAFile(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.txt"), Poll: never, Settle: 50 * time.Millisecond}
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
	write(t, f.Path, "d\n")
	tape.next("d")
	write(t, f.Path, "d\n")
	write(t, filepath.Join(filepath.Dir(f.Path), "other.txt"), "x\n")
	tape.quiet()
}

// TestWatchSeesLinksSwapped swaps a directory as a Kubernetes volume does: the
// file is a link through ..data, and only that changes.
func TestWatchSeesLinksSwapped(t *testing.T) {
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for version, list := range map[string]string{"..1": "a\n", "..2": "b\n"} {
		require.NoError(t, os.Mkdir(at(version), 0o700))
		write(t, at(version, "nodes.txt"), list)
	}
	require.NoError(t, os.Symlink("..1", at("..data")))
	require.NoError(t, os.Symlink(filepath.Join("..data", "nodes.txt"), at("nodes.txt")))
	tape := record(t, &File{Path: at("nodes.txt"), Poll: never, Settle: 50 * time.Millisecond})
	tape.next("a")
	require.NoError(t, os.Symlink("..2", at("..data_tmp")))
	require.NoError(t, os.Rename(at("..data_tmp"), at("..data")))
	tape.next("b")
}

// TestWatchPolls changes a file elsewhere, where nobody is notified.
func TestWatchPolls(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "nodes.txt")
	write(t, elsewhere, "a\n")
	link := filepath.Join(t.TempDir(), "nodes.txt")
	require.NoError(t, os.Symlink(elsewhere, link))
	tape := record(t, &File{Path: link, Poll: 10 * time.Millisecond, Settle: time.Millisecond})
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
	tape.quiet()
}

func TestWatchKeepsTheLastGoodList(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.json"), Poll: never, Settle: 50 * time.Millisecond}
	write(t, f.Path, `["a"]`)
	tape := record(t, f)
	tape.next("a")
	write(t, f.Path, `["a", "b`)
	tape.next("!:1:8: not JSON: unexpected end of JSON input")
	require.NoError(t, os.Truncate(f.Path, 0))
	tape.next("!: it is empty, as a file that is being written: a list of nobody is a comment, or []")
	write(t, f.Path, `["a"]`)
	tape.next("a")
	write(t, f.Path, `[]`)
	tape.next("")
	require.NoError(t, os.Remove(f.Path))
	require.NoError(t, os.Mkdir(f.Path, 0o700))
	tape.next("!: it is a directory")
}

func TestWatchWaitsForAWriterToFinish(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.json"), Poll: never, Settle: 300 * time.Millisecond}
	write(t, f.Path, `["a"]`)
	tape := record(t, f)
	tape.next("a")
	file, err := os.Create(f.Path)
	require.NoError(t, err)
	for _, piece := range []string{`["a",`, `"b",`, `"c"]`} {
		time.Sleep(20 * time.Millisecond)
		_, err := file.WriteString(piece)
		require.NoError(t, err)
	}
	require.NoError(t, file.Close())
	tape.next("a b c")
}

func TestWatchWaitsOnlySoLong(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.txt"), Poll: never, Settle: 50 * time.Millisecond}
	write(t, f.Path, "a\n")
	tape := record(t, f)
	tape.next("a")
	start := time.Now()
	for len(tape.events) == 0 && time.Since(start) < 5*time.Second {
		replace(t, f.Path, "b\n")
		time.Sleep(10 * time.Millisecond)
	}
	tape.next("b")
	require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
}

func TestWatchSurvivesItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf")
	f := &File{Path: filepath.Join(dir, "nodes.txt"), Poll: 20 * time.Millisecond, Settle: time.Millisecond}
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
	tape := record(t, &File{Path: t.TempDir(), Poll: never})
	tape.next("!: it is a directory")
}

// TestOpenAndClose leaves 200 watches in the middle.
func TestOpenAndClose(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.txt"), Settle: time.Millisecond}
	write(t, f.Path, "a\n")
	cycle := func() {
		for nodes, err := range f.Watch(t.Context()) {
			require.NoError(t, err)
			require.Len(t, nodes, 1)
			break
		}
	}
	cycle()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 200 {
		cycle()
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // what is over may not be gone yet
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	require.LessOrEqual(t, openFiles(t), files)
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if os.IsNotExist(err) {
		t.Skip("this system does not list open files")
	}
	require.NoError(t, err)
	return len(entries)
}
