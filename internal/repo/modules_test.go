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
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	listed := regexp.MustCompile(`(?m)^NESTED\s*=(.*)$`).FindSubmatch(makefile)
	require.NotNil(t, listed, "the Makefile lists no nested modules")
	var nested []string
	files := trackedFiles(t)
	for _, file := range files {
		if dir := path.Dir(file); path.Base(file) == "go.mod" && dir != "." && holdsCode(dir, files) {
			nested = append(nested, dir)
		}
	}
	assert.ElementsMatch(t, strings.Fields(string(listed[1])), nested)
}

func holdsCode(dir string, files []string) bool {
	for _, file := range files {
		if strings.HasPrefix(file, dir+"/") && strings.HasSuffix(file, ".go") {
			return true
		}
	}
	return false
}
