package repo

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNestedModulesAreTested: "./..." stops at a nested module, so the Makefile
// must list each that holds code.
func TestNestedModulesAreTested(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	listed := regexp.MustCompile(`(?m)^NESTED\s*=(.*)$`).FindSubmatch(makefile)
	require.NotNil(t, listed, "the Makefile lists no nested modules")
	var nested []string
	for dir, holdsCode := range modules(trackedFiles(t)) {
		if holdsCode && dir != "." {
			nested = append(nested, dir)
		}
	}
	assert.ElementsMatch(t, strings.Fields(string(listed[1])), nested)
}

// modules returns the directories of modules, and whether each holds Go code that is
// not in a module below it.
func modules(files []string) map[string]bool {
	holdsCode := map[string]bool{}
	for _, file := range files {
		if path.Base(file) == "go.mod" {
			holdsCode[path.Dir(file)] = false
		}
	}
	for _, file := range files {
		if path.Ext(file) != ".go" {
			continue
		}
		dir := path.Dir(file)
		for _, isModule := holdsCode[dir]; !isModule && dir != "."; _, isModule = holdsCode[dir] {
			dir = path.Dir(dir)
		}
		holdsCode[dir] = true
	}
	return holdsCode
}
