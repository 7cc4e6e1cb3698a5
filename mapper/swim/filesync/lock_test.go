//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filesync

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOneMirrorForADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := Open(dir, "a:1", Config{})
	require.NoError(t, err)
	require.NoError(t, first.link(".online/b:2", "../b:2"))
	_, err = Open(dir, "c:3", Config{})
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, dir)
	for link, target := range map[string]string{".local": "a:1", ".online/b:2": "../b:2"} {
		got, err := os.Readlink(filepath.Join(dir, link))
		require.NoError(t, err, "the second has touched nothing")
		require.Equal(t, target, got)
	}
	require.NoError(t, first.Close())
	second, err := Open(dir, "c:3", Config{})
	require.NoError(t, err)
	require.NoError(t, first.Close(), "again")
	require.NoError(t, second.Close())
}
