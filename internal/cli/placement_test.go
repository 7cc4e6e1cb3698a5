package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// placementFiles are this project's own check files: they pin where keys are
// placed, so that no change of placement passes unseen.
func placementFiles(t *testing.T) []string {
	files, err := filepath.Glob("testdata/placement/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 4, "the pins of placement are gone")
	return files
}

func TestPlacementIsAsPinned(t *testing.T) {
	for _, file := range placementFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			out, errors, code := command("", "check", file)
			assert.Equal(t, term.ExitDone, code, "%s%s", out, errors)
			assert.Contains(t, out, "ok    placement never changes (32 pins)")
			assert.Empty(t, errors)
		})
	}
}

// The pins would notice: under another hash they fail.
func TestPinsNoticeAnotherHash(t *testing.T) {
	for _, file := range placementFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			_, checks, _ := strings.Cut(string(text), "checks:\n")
			pins, _, _ := strings.Cut(checks, "\n  - ") // the others count keys, which takes seconds
			other := filepath.Join(t.TempDir(), "other.yaml")
			head, _, _ := strings.Cut(string(text), "algorithm:")
			require.NoError(t, os.WriteFile(other, []byte(head+"hash: sha1\nchecks:\n"+pins+"\n"), 0o600))
			out, _, code := command("", "check", other)
			assert.Equal(t, term.ExitCheck, code)
			assert.Contains(t, out, "FAIL  placement never changes")
		})
	}
}
