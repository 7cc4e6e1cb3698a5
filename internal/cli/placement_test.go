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

// placementFiles returns the check files that pin the placement of this project.
func placementFiles(t *testing.T) []string {
	files, err := filepath.Glob("testdata/placement/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 4, "pins of placement are missing")
	return files
}

func TestPlacementIsAsPinned(t *testing.T) {
	t.Parallel()
	for _, file := range placementFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			out, errors, code := command("", "check", file)
			assert.Equal(t, term.ExitDone, code, "%s%s", out, errors)
			assert.Contains(t, out, "ok    placement never changes (32 pins)")
			assert.Empty(t, errors)
		})
	}
}

// With another hash the pins fail, so they detect a change of placement.
func TestPinsDetectAnotherHash(t *testing.T) {
	t.Parallel()
	for _, file := range placementFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
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
