package figures

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWorkspacePath(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	require.NoError(t, err)
	inside := filepath.Join(here, "ci", "checks.yaml")
	for _, c := range []struct{ variable, workspace, path, want string }{
		{"", "", "./ci//checks.yaml", "ci/checks.yaml"},
		{"GITHUB_WORKSPACE", here, inside, "ci/checks.yaml"},
		{"CI_PROJECT_DIR", here, inside, "ci/checks.yaml"},
		{"GITHUB_WORKSPACE", filepath.Dir(here), "ci/../ci/checks.yaml", filepath.Base(here) + "/ci/checks.yaml"},
		{"GITHUB_WORKSPACE", filepath.Join(here, "other"), inside, inside},
	} {
		getenv := func(name string) string {
			if name == c.variable {
				return c.workspace
			}
			return ""
		}
		assert.Equal(t, filepath.ToSlash(c.want), workspacePath(c.path, getenv), "%v", c)
	}
}
