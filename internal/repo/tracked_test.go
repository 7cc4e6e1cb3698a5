package repo

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trackedFiles returns the paths of the files that git tracks or would add. It
// skips the test outside a checkout, as in the module cache.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("not a git checkout")
	}
	// A container's checkout may belong to another user, which git refuses.
	out, err := run(root, "git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate")
	require.NoError(t, err)
	paths := strings.Fields(string(out))
	require.Greater(t, len(paths), 50, "git lists hardly any files")
	return paths
}

// readTracked returns nil for a file whose deletion is not yet committed.
func readTracked(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return text
}

// homePath matches paths that exist on one machine only. Its own text is none.
var homePath = regexp.MustCompile(`(^|[^\w.])(/(root/|(home|Users)/\w)|[A-Z]:\\Users\\)`)

func TestNoPathOfOneMachine(t *testing.T) {
	t.Parallel()
	for _, path := range trackedFiles(t) {
		text := readTracked(t, path)
		assert.NotContains(t, string(text), root+"/", path)
		assert.False(t, homePath.Match(text), "%s holds %q", path, homePath.Find(text))
	}
}

// TestTextIsPlain: text files have no carriage returns and end in a newline.
// Test data may hold any bytes.
func TestTextIsPlain(t *testing.T) {
	t.Parallel()
	for _, path := range trackedFiles(t) {
		if strings.Contains(path, "testdata/") {
			continue
		}
		text := readTracked(t, path)
		if len(text) == 0 || bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		assert.False(t, bytes.Contains(text, []byte("\r\n")), "%s has carriage returns", path)
		assert.True(t, bytes.HasSuffix(text, []byte("\n")), "%s does not end in a newline", path)
	}
}

// TestNoProgramIsKept finds binaries that a build left behind.
func TestNoProgramIsKept(t *testing.T) {
	t.Parallel()
	for _, path := range trackedFiles(t) {
		text := readTracked(t, path)
		for _, magic := range []string{"\x7fELF", "MZ\x90", "\xcf\xfa\xed\xfe"} {
			assert.False(t, bytes.HasPrefix(text, []byte(magic)), "%s is a program", path)
		}
	}
}

// leftover matches marks of unfinished work.
var leftover = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func TestNoMarksOfUnfinishedWork(t *testing.T) {
	t.Parallel()
	for _, path := range trackedFiles(t) {
		if !strings.HasSuffix(path, ".go") || readTracked(t, path) == nil {
			continue
		}
		for _, comment := range parse(t, filepath.Join(root, path)).Comments {
			assert.NotRegexp(t, leftover, comment.Text(), path)
		}
	}
}
