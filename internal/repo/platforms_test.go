package repo

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPlatforms: the table that cross.sh reads lists platforms that Go has, among
// them those that are promised, and says of no platform that more of it runs than
// the scripts run.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("PLATFORMS.md")
	require.NoError(t, err)
	known, err := run(root, "go", "tool", "dist", "list")
	require.NoError(t, err)
	archs, err := os.ReadFile("test-arch.sh")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| (\w+/\w+) \| (all|library|core) \| (yes|-) \| (.*) \|$`).FindAllStringSubmatch(string(text), -1)
	row := map[string][]string{}
	for _, r := range rows {
		row[r[1]] = r[2:]
		assert.Contains(t, strings.Fields(string(known)), r[1])
		goos, arch, _ := strings.Cut(r[1], "/")
		switch {
		case r[1] == "linux/amd64", r[1] == "js/wasm":
		case goos == "linux" && regexp.MustCompile(`set -- .*\b`+arch+`\b`).Match(archs):
			assert.Contains(t, r[4], "placement", r[1])
		default:
			assert.Equal(t, "-", r[4], "%s: what runs its tests?", r[1])
		}
	}
	assert.Len(t, rows, strings.Count(string(text), "\n| ")-2, "a row is not of the form that cross.sh reads")
	for _, built := range []string{"windows/amd64", "darwin/arm64", "freebsd/amd64", "openbsd/amd64", "js/wasm",
		"wasip1/wasm", "linux/riscv64", "linux/loong64", "linux/ppc64le", "linux/386", "linux/arm64", "linux/s390x", "plan9/amd64"} {
		assert.Contains(t, row, built)
	}
	for _, vetted := range []string{"windows/amd64", "darwin/arm64", "js/wasm"} {
		assert.Equal(t, "yes", row[vetted][1], vetted)
	}
}
