package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryPackageHasOneComment: exactly one file carries the package comment,
// which begins as godoc expects.
func TestEveryPackageHasOneComment(t *testing.T) {
	t.Parallel()
	for _, p := range ourPackages(t) {
		t.Run(p.room(), func(t *testing.T) {
			comments := packageComments(t, p)
			require.Len(t, comments, 1, "package comments in %s", p.Dir)
			text := comments[0]
			name := filepath.Base(p.Dir)
			if p.Name == "main" {
				assert.True(t, strings.HasPrefix(text, "Command "+name) || strings.HasPrefix(strings.ToLower(text), name+" "),
					"the comment of a program must begin with its name: %q", text)
			} else {
				assert.True(t, strings.HasPrefix(text, "Package "+p.Name+" "), "%q", text)
			}
		})
	}
}

func packageComments(t *testing.T, p pkg) (comments []string) {
	t.Helper()
	for _, file := range p.GoFiles {
		if doc := parse(t, filepath.Join(p.Dir, file)).Doc; doc != nil && doc.Text() != "" {
			comments = append(comments, doc.Text())
		}
	}
	return comments
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	require.NoError(t, err)
	return file
}
