package mapper_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

func TestSnapshotRoundTrip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.json")
	saved := time.Date(2026, 2, 3, 4, 5, 6, 789, time.UTC)
	nodes := []mapper.Node{
		{Name: "b", Addr: "h:1", Weight: 2.5, Zone: "z", Tags: []string{"x"}, Meta: map[string]string{"k": "v\n<&>"}},
		{Name: "a", Drain: true},
	}
	for _, set := range [][]mapper.Node{nodes, {}} {
		require.NoError(t, mapper.Snapshot{Saved: saved, Nodes: set}.Write(path))
		back, err := mapper.ReadSnapshot(path)
		require.NoError(t, err)
		require.Equal(t, mapper.Snapshot{Saved: saved, Nodes: set}, back)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file is left")
}

func TestSnapshotSweepsWhatWasLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := time.Now().Add(-time.Hour)
	files := []struct {
		name string
		when time.Time
		left bool
	}{
		{".nodes.json.123.tmp", old, false},
		{".nodes.json.124.tmp", time.Now(), true}, // another process may be writing it
		{".other.json.123.tmp", old, true},
		{"nodes.json.tmp", old, true},
	}
	for _, f := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.name), nil, 0o600))
		require.NoError(t, os.Chtimes(filepath.Join(dir, f.name), f.when, f.when))
	}
	require.NoError(t, mapper.Snapshot{}.Write(filepath.Join(dir, "nodes.json")))
	for _, f := range files {
		_, err := os.Stat(filepath.Join(dir, f.name))
		require.Equal(t, f.left, err == nil, f.name)
	}
}

// TestSnapshotIsAList reads a snapshot as a list of nodes.
func TestSnapshotIsAList(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.json")
	nodes := []mapper.Node{{Name: "b", Addr: "h:1", Weight: 2}, {Name: "a", Drain: true}}
	require.NoError(t, mapper.Snapshot{Saved: time.Now(), Nodes: nodes}.Write(path))
	back, err := (&static.File{Path: path}).Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, nodes, back)
}

func TestSnapshotWriteErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	require.NoError(t, os.MkdirAll(filepath.Join(full, "sub"), 0o700))
	cases := []struct{ name, path, want string }{
		{"no directory", filepath.Join(dir, "none", "x"), "no such file or directory"},
		{"a directory in its place", full, "not a regular file"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := mapper.Snapshot{}.Write(c.path)
			require.ErrorContains(t, err, "snapshot "+c.path+": ")
			require.ErrorContains(t, err, c.want)
		})
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	require.NoError(t, err)
	require.Empty(t, left, "no temporary file stays")
}

// TestSnapshotOfTheGreatestSize: Write accepts as many bytes as ReadSnapshot does. With
// a byte more it returns an error, and the file stays.
func TestSnapshotOfTheGreatestSize(t *testing.T) {
	t.Parallel()
	const most = 64 << 20
	path := filepath.Join(t.TempDir(), "nodes.json")
	size := func() int {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return int(info.Size())
	}
	require.NoError(t, mapper.Snapshot{Query: "x"}.Write(path))
	query := strings.Repeat("x", most-size()+1)
	require.NoError(t, mapper.Snapshot{Query: query}.Write(path))
	require.Equal(t, most, size())
	require.EqualError(t, mapper.Snapshot{Query: query + "x"}.Write(path), "snapshot "+path+": larger than 67108864 bytes")
	require.Equal(t, most, size())
}

func TestReadSnapshotErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cases := []struct{ name, content, want string }{
		{"empty", "", ": no JSON in it"},
		{"cut short", `{"schema":"proxenos.nodes/v1","nodes":[{"id":"a"`, ":1:48: not JSON: unexpected end"},
		{"another schema", `{"schema":"x"}`, `schema "x": want "proxenos.nodes/v1"`},
		{"no ID", `{"schema":"proxenos.nodes/v1","nodes":[{"id":"a"},{}]}`, ":1:51: the ID is empty"},
		{"an ID twice", `{"schema":"proxenos.nodes/v1","nodes":[{"id":"a"},{"id":"a","weight":2}]}`, `node "a" was given before with other data`},
		{"nodes twice", `{"nodes":["a"],"nodes":["b"]}`, `field "nodes" is given twice`},
		{"an unknown field", `{"nodes":[{"id":"a","wieght":2}]}`, `field "wieght"`},
		{"a bad time", `{"saved":"yesterday","nodes":[]}`, `saved "yesterday": want a time`},
		{"a negative weight", `{"schema":"proxenos.nodes/v1","nodes":[{"id":"a","weight":-1}]}`, `weight "-1": must be`},
		{"a weight beyond measure", `{"schema":"proxenos.nodes/v1","nodes":[{"id":"a","weight":1e201}]}`, `weight "1e201": must be a number from 0 to 1e+200`},
		{"an infinite weight", `{"schema":"proxenos.nodes/v1","nodes":[{"id":"a","weight":1e999}]}`, `weight "1e999": must be a number`},
		{"too large", strings.Repeat(" ", 64<<20+1), "larger than 67108864 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, "x.json")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			s, err := mapper.ReadSnapshot(path)
			require.ErrorContains(t, err, "snapshot "+path+":")
			require.ErrorContains(t, err, c.want)
			require.Empty(t, s)
		})
	}
	_, err := mapper.ReadSnapshot(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = mapper.ReadSnapshot(dir)
	require.ErrorContains(t, err, "not a regular file")
}

// TestSnapshotSurvivesKill ends a writer with SIGKILL again and again, each time
// a little later after its first snapshot: the file is whole whenever it happens.
func TestSnapshotSurvivesKill(t *testing.T) {
	if path := os.Getenv("PROXENOS_TEST_WRITE_SNAPSHOT"); path != "" {
		writeSnapshotsForEver(path)
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.json")
	for i := range 10 {
		require.NoError(t, mapper.Snapshot{}.Write(path))
		cmd := exec.Command(os.Args[0], "-test.run=^TestSnapshotSurvivesKill$")
		cmd.Env = append(os.Environ(), "PROXENOS_TEST_WRITE_SNAPSHOT="+path)
		require.NoError(t, cmd.Start())
		for start, size := time.Now(), 0; size == 0; { // until the writer has begun
			require.Less(t, time.Since(start), time.Minute, "the writer writes nothing")
			s, err := mapper.ReadSnapshot(path)
			require.NoError(t, err)
			size = len(s.Nodes)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
		s, err := mapper.ReadSnapshot(path)
		require.NoError(t, err)
		require.NotEmpty(t, s.Nodes)
	}
}

func writeSnapshotsForEver(path string) {
	for n := 2; ; n++ {
		if err := (mapper.Snapshot{Nodes: manyNodes(n)}).Write(path); err != nil {
			panic(err)
		}
	}
}

func manyNodes(n int) []mapper.Node {
	nodes := make([]mapper.Node, n)
	for i := range nodes {
		nodes[i] = mapper.Node{Name: strings.Repeat("x", i+1), Addr: "10.0.0.1:80"}
	}
	return nodes
}
