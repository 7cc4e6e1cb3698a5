package term

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRewriteFileKeepsModeAndLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
	require.NoError(t, os.Chmod(file, 0o640))
	require.NoError(t, os.Symlink("file", link))
	require.NoError(t, RewriteFile(link, []byte("new")))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "new", string(content))
	info, err := os.Lstat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode())
	target, err := os.Readlink(link)
	require.NoError(t, err)
	require.Equal(t, "file", target)
	require.Len(t, entries(t, dir), 2, "no temporary file is left")
}

// A rename fails if the target is a directory that is not empty.
func TestRewriteFileFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.Error(t, RewriteFile(filepath.Join(dir, "missing"), []byte("new")))
	full := filepath.Join(dir, "full")
	require.NoError(t, os.MkdirAll(filepath.Join(full, "x"), 0o700))
	require.ErrorIs(t, RewriteFile(full, []byte("new")), ErrIO)
	require.Len(t, entries(t, dir), 1, "no temporary file is left")
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		file := filepath.Join(dir, "full", "file")
		require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
		require.NoError(t, os.Chmod(full, 0o500))
		t.Cleanup(func() { _ = os.Chmod(full, 0o700) })
		require.Error(t, RewriteFile(file, []byte("new")))
	}
}

func entries(t *testing.T, dir string) []os.DirEntry {
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	return all
}
