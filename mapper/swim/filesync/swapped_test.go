//go:build unix

package filesync

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/fifo"
	"github.com/proxenos/proxenos/mapper/swim"
)

// TestTemporaryFileIsCreatedExclusively has another program put something where the
// temporary file is about to be created.
func TestTemporaryFileIsCreatedExclusively(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(path string) error{
		"a file":                 func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"a link to a file":       func(path string) error { return os.Symlink("precious", path) },
		"a link to no file":      func(path string) error { return os.Symlink("none", path) },
		"a pipe without readers": mkfifo,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(path, "precious"), []byte("precious"), 0o600))
			require.NoError(t, plant(filepath.Join(path, temporary)))
			dir, err := os.OpenRoot(path)
			require.NoError(t, err)
			defer func() { require.NoError(t, dir.Close()) }()
			before := names(t, path)
			err = fifo.NotWaiting(t, filepath.Join(path, temporary), func() error { return writeTemporary(dir, []byte("x")) })
			require.ErrorIs(t, err, fs.ErrExist)
			require.Equal(t, before, names(t, path), "nothing is created or removed")
			content, err := os.ReadFile(filepath.Join(path, "precious"))
			require.NoError(t, err)
			require.Equal(t, "precious", string(content))
		})
	}
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestOtherUsersCannotReadMetadata: metadata of peers may be confidential.
func TestOtherUsersCannotReadMetadata(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := open(t, dir, Config{})
	for _, value := range []string{"old", "new"} {
		m.apply(change(swim.StatusOnline, map[string]string{"k": value}))
		info, err := os.Stat(filepath.Join(dir, otherName, "k"))
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
	}
}

// TestFileSwappedAfterItsCheck has a file that was regular a moment ago.
func TestFileSwappedAfterItsCheck(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(path string) error{
		"a pipe":   mkfifo,
		"a folder": func(path string) error { return os.Mkdir(path, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			m := open(t, dir, Config{})
			file := filepath.Join(dir, m.local, "k")
			require.NoError(t, plant(file))
			err := fifo.NotWaiting(t, file, func() error {
				_, err := m.readOpened(m.local + "/k")
				return err
			})
			require.ErrorContains(t, err, "is no longer a regular file")
		})
	}
}
