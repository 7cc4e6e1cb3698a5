package source

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// A file is watched beside the nodes of -n too: a list that is being written is
// never taken for a whole one.
func TestFileIsWatchedBesideFlags(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nodes.txt")
	write := func(list string) { require.NoError(t, os.WriteFile(path, []byte(list), 0o600)) }
	write("a\nb\n")
	o := Flags{Backend: "static", nodes: []string{"x=10.0.0.9:80"}, file: path}
	std := &term.Streams{Err: &bytes.Buffer{}, Getenv: func(string) string { return "" }}
	watched, err := o.Watched(t.Context(), time.Hour, std) // polling plays no part
	require.NoError(t, err)
	steps := []struct {
		nodes, err string
		next       string // list to write
	}{
		{"x a b", "", "c\nd 10.0.0.1:80"},
		{"x a b", "its last line has no newline", "c\nd 10.0.0.1:8080\n"},
		{"x c d", "", "x 10.0.0.8:80\n"},
		{"x c d", `node "x" differs from the one given by -n`, "e\n"},
		{"x e", "", ""},
	}
	for u := range watched.Watch(t.Context()) {
		step := steps[0]
		assert.Equal(t, step.nodes, joinNames(u.Nodes))
		if step.err == "" {
			assert.NoError(t, u.Err)
		} else {
			assert.ErrorContains(t, u.Err, step.err)
		}
		if steps = steps[1:]; len(steps) == 0 || t.Failed() {
			break
		}
		write(step.next)
	}
}

func joinNames(nodes []mapper.Node) string {
	var b bytes.Buffer
	for i, n := range nodes {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(n.Name)
	}
	return b.String()
}

// A file that the system cannot watch is reported on standard error.
func TestFileLogsToStandardError(t *testing.T) {
	t.Parallel()
	var warnings bytes.Buffer
	source, err := openStatic(t.Context(), &Flags{file: "nodes.txt"}, &term.Streams{Err: &warnings})
	require.NoError(t, err)
	file, ok := source.(staticSource).file.(*static.File)
	require.True(t, ok)
	file.Log.Warn("changes are only seen by scanning")
	require.Contains(t, warnings.String(), "changes are only seen by scanning")
}
