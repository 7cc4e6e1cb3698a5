package main

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startServer starts proxenos serve in a folder with nodes.txt, and returns its URL.
func startServer(t *testing.T, folder string) (url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "proxenos", "serve", "-f", "nodes.txt", "--http", "127.0.0.1:0")
	cmd.Dir = folder
	messages, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, open := <-linesOf(messages)
	require.True(t, open, "the server ended")
	url, found := strings.CutPrefix(line, "proxenos: serving on ")
	require.True(t, found, line)
	url = strings.TrimSuffix(url, "/")
	require.Eventually(t, func() bool {
		answer, err := http.Get(url + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, patience, 5*time.Millisecond)
	return url
}

// The clients of proxenos help clients give the owners that proxenos select prints.
func TestClients(t *testing.T) {
	t.Parallel()
	folder, owners := examplesFolder(t)
	url := startServer(t, folder)
	const odd = "a&b=c d\u00e9%2"
	want := func(key string) string {
		return strings.TrimSpace(runIn(t, folder, "", "proxenos", "select", "-f", "nodes.txt", "--", key))
	}
	for _, c := range []struct{ title, program, one, many string }{
		{"Python", "python3", "import sys\nprint(owner(sys.argv[2], sys.argv[1]))", "import sys\nprint('\\n'.join(owners(sys.argv[2:], sys.argv[1])))"},
		{"Node", "node", "owner(process.argv[2], process.argv[1]).then(console.log)", "owners(process.argv.slice(2), process.argv[1]).then((o) => console.log(o.join('\\n')))"},
		{"shell", "sh", `PROXENOS=$0; owner "$1"`, `PROXENOS=$0; printf '%s\n' "$@" | owners | cut -f 2`},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			requireProgram(t, c.program)
			code := example(t, "clients", c.title)
			option := "-c"
			if c.program == "node" {
				option = "-e"
			}
			run := func(call string, keys ...string) string {
				return strings.TrimSpace(runIn(t, folder, "", append([]string{c.program, option, code + "\n" + call, url}, keys...)...))
			}
			assert.Equal(t, owners["user:1"], run(c.one, "user:1"))
			assert.Equal(t, want(odd), run(c.one, odd))
			assert.Equal(t, strings.Join([]string{owners["user:1"], owners["user:2"], want(odd)}, "\n"), run(c.many, "user:1", "user:2", odd))
		})
	}
}

// proxenos answers through proxenos serve as from the file itself.
func TestServeFeedsSelect(t *testing.T) {
	t.Parallel()
	folder, owners := examplesFolder(t)
	url := startServer(t, folder)
	for key, owner := range owners {
		got := runIn(t, folder, "", "proxenos", "select", "-b", "http", "--url", url+"/nodes", key)
		assert.Equal(t, owner+"\n", got, key)
	}
	out := filepath.Join(folder, "nodes.json")
	runIn(t, folder, "", "curl", "-fsS", "-o", out, url+"/nodes")
	assert.Equal(t, owners["user:1"]+"\n", runIn(t, folder, "", "proxenos", "select", "-f", out, "user:1"))
}
