package repo

import (
	"go/ast"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/pinned"
)

// jsonFile lists the fields of the JSON that commands write, by package.
const jsonFile = "testdata/json.txt"

// TestJSONFieldsStay compares the names of JSON fields with the committed list: a
// program that reads a schema of version 1 finds its fields in every release.
func TestJSONFieldsStay(t *testing.T) {
	t.Parallel()
	var got []string
	for _, p := range ourPackages(t) {
		if !covers("internal/cli/...", p.room()) && p.room() != "internal/nodelist" && p.room() != "internal/compare" {
			continue
		}
		for _, name := range p.GoFiles {
			ast.Inspect(parse(t, filepath.Join(p.Dir, name)), func(n ast.Node) bool {
				field, is := n.(*ast.Field)
				if !is || field.Tag == nil {
					return true
				}
				tag, err := strconv.Unquote(field.Tag.Value)
				require.NoError(t, err)
				if key, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ","); key != "" && key != "-" {
					got = append(got, p.room()+" "+key)
				}
				return true
			})
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	require.Greater(t, len(got), 50, "hardly any fields found")
	pinned.Lines(t, jsonFile, got, *update)
}

// TestScriptsShowEverySchema: for every schema that a command writes, a script or
// a test of the command line compares a document.
func TestScriptsShowEverySchema(t *testing.T) {
	t.Parallel()
	schema := regexp.MustCompile(`"(proxenos\.[a-z]+/v1)"`)
	written, shown := map[string]bool{}, ""
	for _, file := range trackedFiles(t) {
		text := string(readTracked(t, file))
		switch {
		case strings.HasPrefix(file, "cmd/proxenos/"), strings.HasPrefix(file, "internal/cli/") && strings.HasSuffix(file, "_test.go"):
			shown += text
		case strings.HasPrefix(file, "internal/") && strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go"):
			for _, found := range schema.FindAllStringSubmatch(text, -1) {
				written[found[1]] = true
			}
		}
	}
	require.Greater(t, len(written), 10, "hardly any schemas found")
	for name := range written {
		assert.True(t, strings.Contains(shown, name), "no script shows a document of %s", name)
	}
}
