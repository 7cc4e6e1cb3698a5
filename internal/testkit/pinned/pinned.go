// Package pinned compares what a program promises with a committed list.
package pinned

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Lines fails the test unless got has exactly the lines of a file, in any order. With
// update it writes the file first.
func Lines(t *testing.T, file string, got []string, update bool) {
	t.Helper()
	if update {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range want {
		assert.True(t, slices.Contains(got, line), "gone: %s", line)
	}
	for _, line := range got {
		assert.True(t, slices.Contains(want, line), "new:  %s", line)
	}
	assert.Len(t, got, len(want), "a line stands more than once")
	if t.Failed() {
		t.Logf("if the change is meant, say it in CHANGELOG.md and run this test with -run %s -update", t.Name())
	}
}
