package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// TestLayoutsTopicIsTrue: the settings that the topic gives for each program place
// keys as the algorithm of that name does.
func TestLayoutsTopicIsTrue(t *testing.T) {
	t.Parallel()
	text, err := topicText.ReadFile("topics/layouts.txt")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "in this order:\n\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	hashes := map[string]string{"twemproxy": "fnv1a-64-low32", "haproxy": "sdbm-avalanche"} // the defaults of --key-hash
	keys := []string{"-n", "10.0.0.1:11211", "-n", "10.0.0.2:80", "-n", "10.0.0.3:11211"}
	for i := range 50 {
		keys = append(keys, fmt.Sprint("user:", i))
	}
	rows := strings.Split(table, "\n")
	assert.Len(t, rows, 13)
	for _, row := range rows {
		f := strings.Fields(row)
		require.Len(t, f, 6, row)
		t.Run(f[0], func(t *testing.T) {
			t.Parallel()
			if f[4] == "(*)" {
				f[4] = hashes[f[0]]
			}
			file := filepath.Join(t.TempDir(), "layout.yaml")
			layout := fmt.Sprintf("label: '%s'\npoint_hash: %s\npoints: %s\nkey_hash: %s\nlookup: %s\n", f[1], f[2], f[3], f[4], f[5])
			require.NoError(t, os.WriteFile(file, []byte(layout), 0o600))
			want, errors, code := command("", append([]string{"select", "-a", f[0]}, keys...)...)
			require.Equal(t, term.ExitDone, code, errors)
			got, errors, code := command("", append([]string{"select", "-a", "custom", "--layout-file", file, "--hash-by", hashed(f[0])}, keys...)...)
			require.Equal(t, term.ExitDone, code, errors)
			assert.Equal(t, want, got)
		})
	}
}

// hashed returns what an algorithm hashes of a node by default.
func hashed(algorithm string) string {
	if algorithm == "varnish-shard" {
		return "id"
	}
	return "address"
}
