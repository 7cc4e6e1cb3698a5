package mapper_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// FuzzReadSnapshot checks that a file is refused in one line, or that what was
// read can be written and read again.
func FuzzReadSnapshot(f *testing.F) {
	for _, seed := range []string{
		"", "[]", `["a"]`, `{"schema":"proxenos.nodes/v1","nodes":[]}`,
		`{"schema":"proxenos.nodes/v1","saved":"2026-02-03T04:05:06.000000789Z","query":"consul web","partial":true,"nodes":[{"id":"b","address":"h:1","weight":2.5,"zone":"z","tags":["x"],"meta":{"k":"v\n"}},{"id":"a","drain":true}]}`,
		`{"schema":"proxenos.nodes/v2","nodes":[]}`, `{"saved":"yesterday","nodes":[]}`, `{"saved":"9999-12-31T23:59:59+23:59","nodes":["a"]}`,
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "nodes.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		s, err := mapper.ReadSnapshot(path)
		if err != nil {
			require.False(t, strings.ContainsAny(err.Error(), "\n\x1b\x00"), "%q", err)
			return
		}
		require.NoError(t, s.Write(path))
		again, err := mapper.ReadSnapshot(path)
		require.NoError(t, err)
		require.True(t, s.Saved.Equal(again.Saved), "%v, %v", s.Saved, again.Saved)
		require.Equal(t, s.Query, again.Query)
		require.Equal(t, s.Partial, again.Partial)
		require.True(t, mapper.Equal(s.Nodes, again.Nodes), "%v, %v", s.Nodes, again.Nodes)
	})
}
