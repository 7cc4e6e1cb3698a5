//go:build unix

package filesync

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
	"github.com/proxenos/proxenos/mapper/swim"
)

const otherName = "127.0.0.1:2002"

func open(t testing.TB, dir string, cfg Config) *Mirror {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m, err := Open(dir, "127.0.0.1:2001", cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// tree lists a folder recursively: files with their content, links with their
// target.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			name += "/"
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			name += " -> " + target
		default:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name += "=" + string(content)
		}
		all = append(all, name)
		return nil
	}))
	slices.Sort(all)
	return all
}

func change(status swim.Status, metadata map[string]string) swim.Event {
	m := swim.Member{Name: otherName, Status: status}
	if metadata != nil {
		m.Metadata = map[string][]byte{}
		for k, v := range metadata {
			m.Metadata[k] = []byte(v)
		}
	}
	return swim.Event{Member: m}
}

func TestTree(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "node1")
	m := open(t, dir, Config{})
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".local", "file-one.txt"), []byte("1"), 0o600))
	own := []string{".local -> 127.0.0.1:2001", "127.0.0.1:2001/", "127.0.0.1:2001/file-one.txt=1"}
	empty := []string{".available/", ".offline/", ".online/", ".suspect/", ".unavailable/"}
	is := func(because string, more ...string) {
		t.Helper()
		want := slices.Concat(own, empty, more)
		slices.Sort(want)
		require.Equal(t, want, tree(t, dir), because)
	}
	link := func(folder string) string { return folder + "/" + otherName + " -> ../" + otherName }
	is("no other member yet")

	m.apply(change(swim.StatusOnline, map[string]string{"file-two.txt": "2", "old": "x"}))
	is("the session in the documentation of swim-protocol-sync", otherName+"/", otherName+"/file-two.txt=2", otherName+"/old=x", link(".online"), link(".available"))
	m.apply(change(swim.StatusSuspect, map[string]string{"file-two.txt": "3"}))
	is("a suspect is in both sets", otherName+"/", otherName+"/file-two.txt=3", link(".suspect"), link(".available"), link(".unavailable"))
	m.apply(change(swim.StatusOffline, nil))
	is("unknown metadata stays as it was", otherName+"/", otherName+"/file-two.txt=3", link(".offline"), link(".unavailable"))
	m.apply(change(swim.StatusLeft, map[string]string{}))
	is("a member that left is among the offline ones", otherName+"/", link(".offline"), link(".unavailable"))
	m.apply(change(swim.StatusOnline, map[string]string{"k": "v"}))
	require.NoError(t, m.clean())
	require.Equal(t, []string{".available/", ".offline/", ".online/", ".suspect/", ".unavailable/", "127.0.0.1:2001/", "127.0.0.1:2001/file-one.txt=1", otherName + "/"}, tree(t, dir), "folders stay after a clean exit")
}

// TestFailedWriteIsRetried has a folder in the place of a file.
func TestFailedWriteIsRetried(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var out logbuf.Buffer
		m := open(t, dir, Config{Log: slog.New(slog.NewTextHandler(&out, nil))})
		inTheWay := filepath.Join(dir, otherName, "k")
		require.NoError(t, os.MkdirAll(inTheWay, 0o755))
		events := make(chan swim.Event)
		var following sync.WaitGroup
		following.Go(func() { m.follow(events) })
		defer following.Wait()
		defer close(events)
		events <- change(swim.StatusOnline, map[string]string{"k": "v"})
		time.Sleep(10 * retryEvery)
		require.Equal(t, 1, strings.Count(out.String(), "cannot mirror a member; retrying"), "logged once")
		require.Equal(t, []string{otherName + " -> ../" + otherName}, tree(t, filepath.Join(dir, ".online")))
		require.NoError(t, os.Remove(inTheWay))
		time.Sleep(2 * retryEvery)
		require.Equal(t, []string{"k=v"}, tree(t, filepath.Join(dir, otherName)))
		require.Contains(t, out.String(), "mirroring the member again")

		whole := tree(t, dir)
		require.NoError(t, os.RemoveAll(filepath.Join(dir, ".online")))
		time.Sleep(2 * retryEvery)
		require.Equal(t, whole, tree(t, dir), "repaired at the next tick")
		require.NoError(t, os.WriteFile(filepath.Join(dir, otherName, "k"), []byte("w"), 0o600))
		m.again <- struct{}{}
		time.Sleep(retryEvery / 10)
		require.Equal(t, whole, tree(t, dir), "repaired after a reload")
	})
}

// TestMirrorIsRepaired removes and changes what the mirror wrote.
func TestMirrorIsRepaired(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	m.apply(change(swim.StatusOnline, map[string]string{"k": "v", "port": "80"}))
	m.apply(swim.Event{Member: swim.Member{Name: "127.0.0.1:2003", Status: swim.StatusSuspect}}) // without metadata yet
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	whole := tree(t, dir)
	for what, damage := range map[string]func() error{
		"a folder":         func() error { return os.RemoveAll(at(otherName)) },
		"a folder, moved":  func() error { return os.Rename(at("127.0.0.1:2003"), filepath.Join(t.TempDir(), "moved")) },
		"a file":           func() error { return os.Remove(at(otherName, "k")) },
		"another file":     func() error { return os.WriteFile(at(otherName, "more"), nil, 0o600) },
		"a truncated file": func() error { return os.Truncate(at(otherName, "port"), 0) },
		"a link for a file": func() error {
			return errors.Join(os.Remove(at(otherName, "k")), os.Symlink("port", at(otherName, "k")))
		},
		"the online folder": func() error { return os.RemoveAll(at(".online")) },
		"an empty folder":   func() error { return os.Remove(at(".offline")) },
		"a link":            func() error { return os.Remove(at(".suspect", "127.0.0.1:2003")) },
		"a link elsewhere": func() error {
			return errors.Join(os.Remove(at(".online", otherName)), os.Symlink("/", at(".online", otherName)))
		},
		"a link too many":  func() error { return os.Symlink("../"+otherName, at(".offline", otherName)) },
		"the local link":   func() error { return os.Remove(at(".local")) },
		"the local folder": func() error { return os.RemoveAll(at("127.0.0.1:2001")) },
		"all of it": func() error {
			return errors.Join(os.RemoveAll(at(otherName)), os.RemoveAll(at(".available")), os.Remove(at(".local")))
		},
	} {
		require.NoError(t, damage(), what)
		require.NotEqual(t, whole, tree(t, dir), what)
		m.repair(false)
		require.Equal(t, whole, tree(t, dir), what)
	}
	require.NoError(t, os.WriteFile(at(otherName, "k"), []byte("w"), 0o600))
	m.repair(false)
	require.Equal(t, []string{"k=w", "port=80"}, tree(t, at(otherName)), "only the size is compared")
	m.repair(true)
	require.Equal(t, whole, tree(t, dir), "the content is compared")
}

func TestReapedMembersAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	m.apply(change(swim.StatusOnline, map[string]string{"k": "v"}))
	m.apply(swim.Event{Member: swim.Member{Name: otherName}, Reaped: true})
	require.NoDirExists(t, filepath.Join(dir, otherName))
	require.NotContains(t, strings.Join(tree(t, dir), "\n"), otherName)
}

func TestObserversAndTheLocalMemberAreNotShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	before := tree(t, dir)
	m.apply(swim.Event{Member: swim.Member{Name: otherName, Status: swim.StatusOnline, Observer: true}})
	m.apply(swim.Event{Member: swim.Member{Name: "127.0.0.1:2001", Status: swim.StatusOnline, Local: true}})
	require.Equal(t, before, tree(t, dir))
	m.apply(change(swim.StatusOnline, map[string]string{"k": "v"}))
	m.apply(swim.Event{Member: swim.Member{Name: otherName, Status: swim.StatusOnline, Observer: true}})
	require.Equal(t, before, tree(t, dir), "it started again as an observer")
}

func TestLeftoversOfAKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir, Config{})
	first.apply(change(swim.StatusSuspect, map[string]string{"stale": "x"}))
	require.NoError(t, os.WriteFile(filepath.Join(dir, otherName, temporary), []byte("half"), 0o600))
	require.NoError(t, first.Close()) // as the end of a process does
	second := open(t, dir, Config{})
	require.Empty(t, tree(t, filepath.Join(dir, ".suspect")))
	second.apply(change(swim.StatusOnline, map[string]string{"k": "v"}))
	require.Equal(t, []string{"k=v"}, tree(t, filepath.Join(dir, otherName)))
}

func TestLinksInPlaceOfFoldersAreReplaced(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "precious"), nil, 0o600))
	m := open(t, dir, Config{})
	m.apply(change(swim.StatusOnline, map[string]string{"k": "v"}))
	swap := func(folder string) {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, folder)))
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, folder)))
	}
	swap(".suspect")
	m.apply(change(swim.StatusSuspect, map[string]string{"k": "v"}))
	require.Equal(t, []string{otherName + " -> ../" + otherName}, tree(t, filepath.Join(dir, ".suspect")))
	swap(".online")
	swap(otherName)
	require.NoError(t, m.clean())
	require.Empty(t, tree(t, filepath.Join(dir, ".online")))
	require.Empty(t, tree(t, filepath.Join(dir, ".suspect")))
	require.Equal(t, []string{"precious="}, tree(t, outside))
}

func TestNothingOutsideIsTouched(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		event swim.Event
	}{
		{"a key that leads out", change(swim.StatusOnline, map[string]string{"good": "1", "../../pwned": "x"})},
		{"an absolute key", change(swim.StatusOnline, map[string]string{"/tmp/pwned": "x"})},
		{"a member that leads out", swim.Event{Member: swim.Member{Name: "../pwned", Status: swim.StatusOnline, Metadata: map[string][]byte{"k": {1}}}}},
		{"a member with the name of a folder of links", swim.Event{Member: swim.Member{Name: ".online", Status: swim.StatusOnline, Metadata: map[string][]byte{"k": {1}}}}},
		{"a member with the name of the hook", swim.Event{Member: swim.Member{Name: "on-update", Status: swim.StatusOnline, Metadata: map[string][]byte{"k": {1}}}}},
		{"a member with the name of the hook on some file systems", swim.Event{Member: swim.Member{Name: "On-Update", Status: swim.StatusOnline, Metadata: map[string][]byte{"k": {1}}}}},
		{"a member with the name of the local one", swim.Event{Member: swim.Member{Name: "127.0.0.1:2001", Status: swim.StatusOnline, Local: true}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			above := t.TempDir()
			dir := filepath.Join(above, "sync")
			var out bytes.Buffer
			m := open(t, dir, Config{Log: slog.New(slog.NewTextHandler(&out, nil))})
			m.apply(c.event)
			entries, err := os.ReadDir(above)
			require.NoError(t, err)
			require.Len(t, entries, 1, "a file outside the folder")
			require.NotContains(t, strings.Join(tree(t, dir), "\n"), "good", "an update is refused as a whole")
			if !c.event.Member.Local {
				require.Contains(t, out.String(), "level=WARN")
			}
		})
	}
}

// TestHostilePeer runs a mirror in a cluster with a member whose metadata has names
// that lead out of the folder, and valid metadata later.
func TestHostilePeer(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir := filepath.Join(above, "sync")
	var out logbuf.Buffer
	m := open(t, dir, Config{Log: slog.New(slog.NewTextHandler(&out, nil))})
	victim := member(t, "127.0.0.1:2001", nil)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := m.Run(ctx, victim); err != nil {
			t.Error(err)
		}
	})
	evil := member(t, otherName, map[string][]byte{"../../pwned": []byte("x"), "good": []byte("1")}, victim.Local().Addr)
	for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), "refusing metadata"); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "no metadata was refused")
	}
	require.NoFileExists(t, filepath.Join(dir, otherName, "good"), "an update is refused as a whole")
	require.NoError(t, evil.SetMetadata(map[string][]byte{"good": []byte("2")}))
	eventually(t, filepath.Join(dir, otherName, "good"), "2")
	cancel()
	running.Wait()
	entries, err := os.ReadDir(above)
	require.NoError(t, err)
	require.Len(t, entries, 1, "a file outside the folder")
}

func TestFoldedNamesDoNotShareAFolder(t *testing.T) {
	t.Parallel()
	m := open(t, t.TempDir(), Config{})
	require.NoError(t, m.claim("Host:1"))
	require.NoError(t, m.claim("Host:1"))
	require.ErrorContains(t, m.claim("hOST:1"), `"Host:1"`)
}

func TestLinksInTheTreeAreNotFollowed(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	victim := filepath.Join(outside, "k")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	dir := t.TempDir()
	m := open(t, dir, Config{})
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, otherName)))
	m.apply(change(swim.StatusOnline, map[string]string{"k": "v"}))
	require.NoError(t, os.Remove(filepath.Join(dir, otherName, "k")))
	require.NoError(t, os.Symlink(victim, filepath.Join(dir, otherName, "k")))
	m.apply(change(swim.StatusOnline, map[string]string{"k": "w"}))
	require.Equal(t, []string{"k=w"}, tree(t, filepath.Join(dir, otherName)))
	require.Equal(t, []string{"k=precious"}, tree(t, outside))
}

// TestFolderSwappedForALink races the writer against a goroutine that swaps the
// folder for a link that leads out.
func TestFolderSwappedForALink(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	m := open(t, dir, Config{})
	folder := filepath.Join(dir, otherName)
	stop := make(chan struct{})
	var swapper sync.WaitGroup
	swapper.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.RemoveAll(folder)
				_ = os.Symlink(outside, folder)
			}
		}
	})
	for i := range 300 {
		m.apply(change(swim.StatusOnline, map[string]string{"k": strconv.Itoa(i)}))
	}
	close(stop)
	swapper.Wait()
	require.Empty(t, tree(t, outside))
}

func TestLocalReadsRegularFilesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	local := filepath.Join(dir, ".local")
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(local, name), []byte(content), 0o600))
	}
	write("weight", "2")
	write(".weight.swp", "an editor's")
	got, err := m.Local()
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"weight": []byte("2")}, got)

	refused := func(name, because string, make func(path string) error) {
		t.Helper()
		path := filepath.Join(local, name)
		require.NoError(t, make(path))
		done := inBackground(m.Local)
		select {
		case err := <-done:
			require.ErrorContains(t, err, because)
		case <-time.After(time.Minute):
			require.FailNow(t, "reading hangs", name)
		}
		require.NoError(t, os.RemoveAll(path))
	}
	refused("pipe", "not a regular file", mkfifo)
	refused("folder", "not a regular file", func(p string) error { return os.Mkdir(p, 0o755) })
	refused("link", "not a regular file", func(p string) error { return os.Symlink("/etc/passwd", p) })
	refused("large", "65536 bytes allowed", func(p string) error {
		return os.WriteFile(p, make([]byte, swim.MaxValue+1), 0o600)
	})
	refused("sparse", "65536 bytes allowed", func(p string) error {
		return errorsOf(os.WriteFile(p, nil, 0o600), os.Truncate(p, 1<<30))
	})
	refused("a:b", "colon", func(p string) error { return os.WriteFile(p, nil, 0o600) })
}

// inBackground calls read in a goroutine and returns its error by a channel.
func inBackground(read func() (map[string][]byte, error)) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := read()
		done <- err
	}()
	return done
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// hookFile installs an on-update with the script.
func hookFile(t *testing.T, dir, script string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, hookName), []byte("#!/bin/sh\n"+script), 0o700))
}

func TestHookGetsThreeArguments(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SWIM_SECRET", "canary")
	m := open(t, dir, Config{})
	hookFile(t, dir, `printf '%s|%s|%s|%s|%s' "$#" "$1" "$2" "$3" "$(cat "$3/k")" > out; env > env`)
	name := `127.0.0.1:2002 $(touch pwned)`
	metadata := map[string][]byte{"k": []byte("v")}
	m.apply(swim.Event{Member: swim.Member{Name: name, Status: swim.StatusLeft, Metadata: metadata}})
	next, ok := m.hook.next()
	require.True(t, ok)
	require.NoError(t, m.hook.call(t.Context(), next))
	got, err := os.ReadFile(filepath.Join(dir, "out"))
	require.NoError(t, err)
	require.Equal(t, "3|"+name+"|OFFLINE|"+filepath.Join(dir, name)+"|v", string(got))
	require.NoFileExists(t, filepath.Join(dir, "pwned"))
	env, err := os.ReadFile(filepath.Join(dir, "env"))
	require.NoError(t, err)
	require.NotContains(t, string(env), "canary")
}

func TestHookThatHangsIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{HookTimeout: 100 * time.Millisecond})
	hookFile(t, dir, "sleep 60 & sleep 60")
	start := time.Now()
	require.ErrorContains(t, m.hook.call(t.Context(), swim.Member{Name: "a:1"}), "killed after")
	require.Less(t, time.Since(start), 50*time.Second, "before the hook ends by itself")
}

func TestHookOfAnotherUserIsNotRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	require.NoError(t, m.hook.call(t.Context(), swim.Member{}), "without a hook")
	hookFile(t, dir, "touch ran")
	require.NoError(t, os.Chmod(filepath.Join(dir, hookName), 0o722))
	require.ErrorContains(t, m.hook.call(t.Context(), swim.Member{}), "other users can write")
	require.NoError(t, os.Chmod(filepath.Join(dir, hookName), 0o600))
	require.ErrorContains(t, m.hook.call(t.Context(), swim.Member{}), "not executable")
	require.NoFileExists(t, filepath.Join(dir, "ran"))
}

func TestHookIsLateButNeverFarBehind(t *testing.T) {
	t.Parallel()
	m := open(t, t.TempDir(), Config{})
	for i := range 1000 {
		m.hook.queue(swim.Member{Name: strconv.Itoa(i % 3), Clock: uint64(i)})
	}
	for _, clock := range []uint64{999, 997, 998} {
		got, ok := m.hook.next()
		require.True(t, ok)
		require.Equal(t, clock, got.Clock)
	}
	_, ok := m.hook.next()
	require.False(t, ok)
}

func member(t *testing.T, name string, metadata map[string][]byte, peers ...string) *swim.Cluster {
	t.Helper()
	c, err := swim.Join(context.Background(), swim.Config{
		Name: name, Bind: "127.0.0.1:0", Advertise: "127.0.0.1:0", Peers: peers, Metadata: metadata,
		Timing: swim.Local(), Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// eventually waits until the file has the content.
func eventually(t *testing.T, path, content string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		got, err := os.ReadFile(path)
		if err == nil && string(got) == content {
			return
		}
		require.True(t, time.Now().Before(end), "%s: %q, %v", path, got, err)
	}
}

func TestTwoMirrorsShowEachOther(t *testing.T) {
	t.Parallel()
	dirs := []string{t.TempDir(), t.TempDir()}
	var mirrors []*Mirror
	var clusters []*swim.Cluster
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	var seed []string
	for i, dir := range dirs {
		name := fmt.Sprintf("127.0.0.1:200%d", i+1)
		m, err := Open(dir, name, Config{Log: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".local", "k"), []byte(name), 0o600))
		metadata, err := m.Local()
		require.NoError(t, err)
		c := member(t, name, metadata, seed...)
		seed = []string{c.Local().Addr}
		mirrors, clusters = append(mirrors, m), append(clusters, c)
		running.Go(func() {
			if err := m.Run(ctx, c); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, filepath.Join(dirs[0], ".online/127.0.0.1:2002/k"), "127.0.0.1:2002")
	eventually(t, filepath.Join(dirs[1], ".available/127.0.0.1:2001/k"), "127.0.0.1:2001")

	running.Go(func() {
		if err := mirrors[0].Watch(ctx, func() { _ = mirrors[0].Reload(clusters[0]) }); err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, os.WriteFile(filepath.Join(dirs[1], ".local", "large"), bytes.Repeat([]byte("x"), swim.MaxValue), 0o600))
	require.NoError(t, mirrors[1].Reload(clusters[1]))
	eventually(t, filepath.Join(dirs[0], "127.0.0.1:2002/large"), strings.Repeat("x", swim.MaxValue))
	for i := 0; ; i++ { // the folder may not be watched yet
		require.NoError(t, os.WriteFile(filepath.Join(dirs[0], ".local", "k"), []byte("edited"), 0o600))
		time.Sleep(300 * time.Millisecond)
		if got, _ := os.ReadFile(filepath.Join(dirs[1], "127.0.0.1:2001/k")); string(got) == "edited" {
			break
		}
		require.Less(t, i, 200, "the edit is not mirrored")
	}
	cancel()
	running.Wait()
	require.NotContains(t, strings.Join(tree(t, dirs[0]), "\n"), "large")
	for _, m := range mirrors {
		require.NoError(t, m.Close())
	}
}

// TestMain makes the test binary the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FILESYNC_TEST_WRITER"); dir != "" {
		writeForever(dir)
		return
	}
	leaktest.Main(m)
}

// writeForever replaces a file with 32 KiB of one letter after another, until it
// is killed or the test that started it is.
func writeForever(dir string) {
	m, err := Open(dir, "127.0.0.1:2001", Config{})
	if err != nil {
		panic(err)
	}
	parent := os.Getppid()
	for i := 0; os.Getppid() == parent; i++ {
		m.apply(change(swim.StatusOnline, map[string]string{"k": strings.Repeat(string(rune('a'+i%26)), 32<<10)}))
	}
}

// TestKilledWriterLeavesNoPartialFile kills the writer while it writes.
// FILESYNC_KILLS sets how often.
func TestKilledWriterLeavesNoPartialFile(t *testing.T) {
	t.Parallel()
	rounds := 10
	if n, err := strconv.Atoi(os.Getenv("FILESYNC_KILLS")); err == nil {
		rounds = n
	}
	dir := t.TempDir()
	file := filepath.Join(dir, otherName, "k")
	for i := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "FILESYNC_TEST_WRITER="+dir)
		require.NoError(t, cmd.Start())
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(file); err == nil {
				break
			}
			require.True(t, time.Now().Before(end), "the writer does not write")
		}
		time.Sleep(time.Duration(i*7%23) * time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Len(t, got, 32<<10)
		require.Equal(t, strings.Repeat(string(got[:1]), 32<<10), string(got))
		require.NoError(t, os.Remove(file))
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	_, err := Open(t.TempDir(), "../x", Config{})
	require.Error(t, err)
	_, err = Open(filepath.Join(t.TempDir(), "no", "parents"), "a:1", Config{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Open(file, "a:1", Config{})
	require.Error(t, err)
}

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }
