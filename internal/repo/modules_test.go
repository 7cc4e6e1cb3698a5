package repo

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// worked lists the nested modules that users import or install.
var worked = []string{"cmd/proxenos-beam", "mapper/grpclb"}

// TestNestedModulesAreTested: "./..." stops at a nested module, so the Makefile
// must list each that holds code.
func TestNestedModulesAreTested(t *testing.T) {
	t.Parallel()
	var nested []string
	for dir, holdsCode := range modules(trackedFiles(t)) {
		if holdsCode && dir != "." {
			nested = append(nested, dir)
		}
	}
	assert.ElementsMatch(t, worked, slices.Concat(makeList(t, "WORKED"), makeList(t, "BEAM")))
	assert.ElementsMatch(t, slices.Concat(makeList(t, "NESTED"), worked), nested)
}

// makeList returns the words of a variable of the Makefile.
func makeList(t *testing.T, name string) []string {
	t.Helper()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	value := regexp.MustCompile(`(?m)^` + name + `\s*=(.*)$`).FindSubmatch(makefile)
	require.NotNil(t, value, "the Makefile has no variable %s", name)
	return strings.Fields(string(value[1]))
}

// TestWorkedModulesStandAlone: "go install" refuses a module with a replace line, and
// importers ignore it. Such a module requires a release of the root, which the
// workspace replaces by this tree.
func TestWorkedModulesStandAlone(t *testing.T) {
	t.Parallel()
	out, err := run(root, "go", "work", "edit", "-json", workspace)
	require.NoError(t, err)
	var work struct {
		Use []struct{ DiskPath string }
		goMod
	}
	require.NoError(t, json.Unmarshal(out, &work))
	require.NotEmpty(t, worked)
	used := []string{".."}
	for _, dir := range worked {
		used = append(used, "../"+dir)
		mod := readGoMod(t, dir)
		assert.Equal(t, module+"/"+dir, mod.Module.Path)
		assert.Equal(t, "1.26.0", mod.Go, dir)
		assert.Empty(t, mod.Replace, dir)
		assert.Empty(t, mod.Tool, dir)
		i := slices.IndexFunc(mod.Require, func(r requirement) bool { return r.Path == module })
		require.GreaterOrEqual(t, i, 0, "%s does not require the root", dir)
		require.Len(t, work.Replace, 1)
		assert.Equal(t, work.Replace[0].Old, version{module, mod.Require[i].Version}, "what .ci/go.work replaces is what %s requires", dir)
		sums, err := os.ReadFile(filepath.Join(root, dir, "go.sum"))
		require.NoError(t, err)
		assert.NotContains(t, string(sums), module+" ", "the hash of a release that is built from this tree")
	}
	assert.Equal(t, "1.26.0", work.Go)
	assert.Equal(t, version{Path: ".."}, version{Path: strings.TrimSuffix(work.Replace[0].New.Path, "/")})
	var paths []string
	for _, use := range work.Use {
		paths = append(paths, use.DiskPath)
	}
	assert.ElementsMatch(t, used, paths)
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
