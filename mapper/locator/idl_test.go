package locator

import (
	"bytes"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peerProgram returns the path of a program that a test runs. If it is missing the
// test is skipped, or fails with PROXENOS_REQUIRE_PEERS=1.
func peerProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("PROXENOS_REQUIRE_PEERS") == "1" {
		t.Fatalf("%s: not in PATH; apt-get install thrift-compiler python3-thrift python3", name)
	}
	t.Skipf("%s: not in PATH", name)
	return ""
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), out)
}

// TestGenerated compares the committed code with what the Thrift compiler
// generates. PROXENOS_UPDATE=1 replaces the code.
func TestGenerated(t *testing.T) {
	t.Parallel()
	thrift := peerProgram(t, "thrift")
	dir, compared := t.TempDir(), 0
	for _, g := range []struct{ idl, out string }{
		{"idl/locator.thrift", "."},
		{"internal/greeter/greeter.thrift", "internal"},
	} {
		out := filepath.Join(dir, g.out)
		require.NoError(t, os.MkdirAll(out, 0o755))
		run(t, thrift, "-I", "idl", "-out", out,
			"--gen", "go:package_prefix=github.com/proxenos/proxenos/mapper/locator/,skip_remote", g.idl)
	}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		compared++
		compare(t, strings.TrimPrefix(path, dir+"/"), path)
		return nil
	}))
	require.Equal(t, 6, compared, "generated files")
}

func compare(t *testing.T, committed, generated string) {
	t.Helper()
	raw, err := os.ReadFile(generated)
	require.NoError(t, err)
	want, err := format.Source(raw)
	require.NoError(t, err)
	if os.Getenv("PROXENOS_UPDATE") == "1" {
		require.NoError(t, os.WriteFile(committed, want, 0o644))
	}
	got, err := os.ReadFile(committed)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "%s differs from the generated code; run this test with PROXENOS_UPDATE=1", committed)
}
