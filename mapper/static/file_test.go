package static

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

func write(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// replace writes a file and renames it into place, so that no reader sees a part
// of it.
func replace(t testing.TB, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	require.NoError(t, os.Rename(path+".new", path))
}

func TestFileIsReadAgain(t *testing.T) {
	t.Parallel()
	f := &File{Path: filepath.Join(t.TempDir(), "nodes.txt")}
	write(t, f.Path, "b\na\n")
	nodes, err := f.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []mapper.Node{{Name: "b"}, {Name: "a"}}, nodes)
	write(t, f.Path, "c\n")
	nodes, err = f.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []mapper.Node{{Name: "c"}}, nodes)
}

func TestFileErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("bad.txt"), "a\nb w=x\n")
	write(t, at("bad.json"), "[")
	write(t, at("large.txt"), strings.Repeat("#", MaxSize+1))
	require.NoError(t, os.Symlink(at("loop"), at("loop")))
	require.NoError(t, os.Truncate(at("large.txt"), 1<<40)) // sparse: reading all of it would never end
	cases := []struct{ name, path, want string }{
		{"missing", at("none.txt"), at("none.txt") + ": no such file or directory: check the path"},
		{"directory", dir, dir + ": it is a directory: name a file in it"},
		{"no path", "", ": no such file or directory"},
		{"loop", at("loop"), at("loop") + ": too many levels of symbolic links"},
		{"too large", at("large.txt"), at("large.txt") + ": larger than 67108864 bytes (64 MiB)"},
		{"bad line", at("bad.txt"), at("bad.txt") + `:2:3: weight "x"`},
		{"bad JSON", at("bad.json"), at("bad.json") + ":1:1: not JSON"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			nodes, err := (&File{Path: c.path}).Nodes(t.Context())
			require.ErrorContains(t, err, c.want)
			require.Empty(t, nodes)
			require.NotContains(t, strings.TrimPrefix(err.Error(), c.path), dir, "the file is named once")
			var place *Error
			require.ErrorAs(t, err, &place)
			require.Equal(t, c.path, place.Source)
		})
	}
	_, err := (&File{Path: at("none.txt")}).Nodes(t.Context())
	require.ErrorIs(t, err, fs.ErrNotExist)
}
