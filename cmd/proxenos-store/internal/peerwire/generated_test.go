package peerwire

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGenerated compares the committed code with what the Thrift compiler
// generates. PROXENOS_UPDATE=1 replaces the code.
func TestGenerated(t *testing.T) {
	t.Parallel()
	thrift, err := exec.LookPath("thrift")
	if err != nil && os.Getenv("PROXENOS_REQUIRE_PEERS") != "1" {
		t.Skip("thrift: not in PATH")
	}
	require.NoError(t, err, "apt-get install thrift-compiler")
	dir := t.TempDir()
	out, err := exec.Command(thrift, "-I", "../../../../mapper/locator/idl", "-out", dir,
		"--gen", "go:package_prefix=github.com/proxenos/proxenos/mapper/locator/,skip_remote", "peer.thrift").CombinedOutput()
	require.NoError(t, err, string(out))
	files, err := filepath.Glob(filepath.Join(dir, "peerwire", "*.go"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, path := range files {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		want, err := format.Source(raw)
		require.NoError(t, err)
		if os.Getenv("PROXENOS_UPDATE") == "1" {
			require.NoError(t, os.WriteFile(filepath.Base(path), want, 0o644))
		}
		got, err := os.ReadFile(filepath.Base(path))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "run this test with PROXENOS_UPDATE=1")
	}
}
