package repo

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// topLevel lists the entries of the top level. Dotfiles configure tools and are
// not counted.
var topLevel = []string{
	"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "cmd", "go.mod", "go.sum",
	"internal", "mapper", "rendezvous", "ring", "testdata",
}

func TestTopLevelIsFixed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, path := range trackedFiles(t) {
		first, _, _ := strings.Cut(path, "/")
		if !strings.HasPrefix(first, ".") {
			seen[first] = true
		}
	}
	assert.Equal(t, topLevel, slices.Sorted(maps.Keys(seen)))
}
