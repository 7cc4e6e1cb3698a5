package mapper_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocumentedFailuresAreTested looks for every test that the package comment
// names.
func TestDocumentedFailuresAreTested(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(doc), "# When things go wrong")
	require.True(t, ok)
	names := regexp.MustCompile(`(?:(\w+)\.)?(Test\w+)`).FindAllStringSubmatch(section, -1)
	require.Greater(t, len(names), 10)
	for _, name := range names {
		tests := testsIn(t, name[1])
		require.Contains(t, tests, "func "+name[2]+"(t *testing.T)", name[0])
	}
}

// testsIn returns the tests of the package in that folder.
func testsIn(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}
