package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := Read(path, 1<<20)
	require.NoError(t, err)
	return string(data)
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, Write(path, []byte("one"), 0o640))
	require.Equal(t, "one", content(t, path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o640), info.Mode(), "whatever the umask is")

	require.NoError(t, os.Chmod(path, 0o604))
	require.NoError(t, Write(path, []byte("two"), 0o640))
	require.Equal(t, "two", content(t, path))
	info, err = os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o604), info.Mode(), "a file that exists keeps its mode")

	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file stays")
}

func TestWriteFollowsLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	require.NoError(t, os.MkdirAll(at("real", "below"), 0o700))
	require.NoError(t, os.Symlink(at("real", "below"), at("short")))
	require.NoError(t, os.Symlink("../state", at("short", "link"))) // from real/below
	require.NoError(t, os.Symlink(at("short", "link"), at("first")))

	require.NoError(t, Write(at("first"), []byte("x"), 0o600))
	require.Equal(t, "x", content(t, at("real", "state")), "the end of the chain, which did not exist")
	require.NoError(t, Write(at("first"), []byte("y"), 0o600))
	require.Equal(t, "y", content(t, at("real", "state")))
	for _, link := range []string{at("first"), at("short", "link")} {
		_, err := os.Readlink(link)
		require.NoError(t, err, "the link stays")
	}

	require.NoError(t, os.Symlink("loop", at("loop")))
	require.EqualError(t, Write(at("loop"), nil, 0o600), "too many symbolic links")
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.ErrorIs(t, Write(dir, nil, 0o600), ErrNotRegular)
	require.ErrorIs(t, Write(filepath.Join(dir, "none", "x"), nil, 0o600), fs.ErrNotExist)
	require.EqualError(t, Write(filepath.Join(dir, "none", "x"), nil, 0o600), "no such file or directory")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestWriteSweeps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := time.Now().Add(-time.Hour)
	files := []struct {
		name string
		when time.Time
		left bool
	}{
		{".state.123.tmp", old, false},
		{".state.124.tmp", time.Now(), true}, // another process may be writing it
		{".other.123.tmp", old, true},
		{"state.tmp", old, true},
	}
	for _, f := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.name), nil, 0o600))
		require.NoError(t, os.Chtimes(filepath.Join(dir, f.name), f.when, f.when))
	}
	require.NoError(t, Write(filepath.Join(dir, "state"), nil, 0o600))
	for _, f := range files {
		_, err := os.Stat(filepath.Join(dir, f.name))
		require.Equal(t, f.left, err == nil, f.name)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.WriteFile(path, []byte("12345"), 0o600))
	data, err := Read(path, 5)
	require.NoError(t, err)
	require.Equal(t, "12345", string(data))
	_, err = Read(path, 4)
	require.EqualError(t, err, "larger than 4 bytes")
	_, err = Read(filepath.Dir(path), 5)
	require.ErrorIs(t, err, ErrNotRegular)
	_, err = Read(path+"x", 5)
	require.ErrorIs(t, err, fs.ErrNotExist)
}
