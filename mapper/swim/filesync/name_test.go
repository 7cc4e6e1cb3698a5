package filesync

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var safeNames = []string{"a", "file-one.txt", "README", "naïve", "日本", "a b", "-rf", "$(x)", "com10", "console", strings.Repeat("x", 255)}

var unsafeNames = []struct{ name, why string }{
	{"", "empty"},
	{".", "the folder"},
	{"..", "the folder above"},
	{"../../pwned", "a way out"},
	{"/etc/passwd", "absolute"},
	{`a\b`, "a way out on Windows"},
	{"C:", "a drive"},
	{"a:b", "a stream of a file on Windows"},
	{".ssh", "hidden"},
	{".next", "ours"},
	{"a\x00b", "cut short by C"},
	{"a\nb", "two lines in a log"},
	{"\x1b[2J", "clears the terminal"},
	{"a\u202eb", "shown backwards"},
	{"nai\u0308ve", "looks like another"},
	{"\xff\xfe", "no text"},
	{"CON", "a device"},
	{"nul.txt", "a device with an extension"},
	{"lpt1", "a device"},
	{"COM¹", "a device"},
	{strings.Repeat("x", 256), "too long"},
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for _, name := range safeNames {
		require.NoError(t, SafeName(name))
	}
	for _, c := range unsafeNames {
		require.Error(t, SafeName(c.name), "%q: %s", c.name, c.why)
	}
}

func FuzzSafeName(f *testing.F) {
	for _, name := range safeNames {
		f.Add(name)
	}
	for _, c := range unsafeNames {
		f.Add(c.name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if SafeName(name) != nil {
			return
		}
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		require.Equal(t, dir, filepath.Dir(path))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, name, entries[0].Name())
	})
}
