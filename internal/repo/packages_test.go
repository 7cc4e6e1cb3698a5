package repo

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPackagesAreInstalledOnDemandOnly runs packages.sh where every package is
// missing and apt-get only writes its arguments to a file.
func TestPackagesAreInstalledOnDemandOnly(t *testing.T) {
	t.Parallel()
	contained := false
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			contained = true
		}
	}
	for _, c := range []struct {
		name, user string
		env        []string
		installs   bool
	}{
		{"root, asked", "0", []string{"PROXENOS_INSTALL=1"}, true},
		{"root in CI", "0", []string{"CI=true"}, true},
		{"root in a container", "0", []string{"container=podman"}, true},
		{"root in CI, forbidden", "0", []string{"CI=true", "PROXENOS_INSTALL=0"}, false},
		{"root, not asked", "0", nil, contained},
		{"not root, asked", "1000", []string{"PROXENOS_INSTALL=1"}, false},
		{"not root in CI", "1000", []string{"CI=true"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
			for _, tool := range []string{"sh", "mktemp", "rm", "cat", "dirname"} {
				path, err := exec.LookPath(tool)
				require.NoError(t, err)
				require.NoError(t, os.Symlink(path, filepath.Join(bin, tool)))
			}
			for name, script := range map[string]string{"id": "echo " + c.user, "apt-get": `echo "$@" >>` + calls} {
				require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
			}
			cmd := exec.Command("sh", filepath.Join(root, "internal", "repo", "packages.sh"))
			cmd.Env = append(c.env, "PATH="+bin, "TMPDIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			called, err := os.ReadFile(calls)
			if c.installs {
				require.NoError(t, err)
				assert.Contains(t, string(called), "install --yes --no-install-recommends gcc libc6-dev")
				return
			}
			assert.ErrorIs(t, err, os.ErrNotExist, "it ran apt-get: %s", called)
			assert.Contains(t, string(out), "\n  sudo apt-get install --no-install-recommends gcc libc6-dev")
			assert.Contains(t, string(out), "internal/lab/agree: TestRedisCluster")
		})
	}
}

// TestBuildGivesTwoPrograms: other main packages, such as experiments, do not
// land in bin/.
func TestBuildGivesTwoPrograms(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("make", "--no-print-directory", "--dry-run", "build")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MFLAGS=")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "go build -o bin/ ./cmd/proxenos ./cmd/proxenos-store\n", string(out))
}
