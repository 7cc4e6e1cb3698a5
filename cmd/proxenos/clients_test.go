//go:build unix

package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// The clients of proxenos help clients give the addresses that proxenos select
// prints, also of more keys than a batch holds.
func TestClients(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "nodes.txt"), []byte("a 10.0.0.1:80\nb 10.0.0.2:80\nc 10.0.0.3:80\n"), 0o600))
	url := startServer(t, folder)
	keys := []string{"user:1", "a&b=c d\u00e9%2"}
	for i := range 1500 {
		keys = append(keys, strconv.Itoa(i))
	}
	var want []string
	for line := range strings.Lines(runIn(t, folder, strings.Join(keys, "\n"), "proxenos", "select", "-f", "nodes.txt", "-")) {
		_, address, _ := strings.Cut(strings.TrimSpace(line), "\t")
		want = append(want, address)
	}
	require.Len(t, want, len(keys))
	for _, c := range []struct{ title, program, one, many string }{
		{"Python", "python3", "import sys\nprint(owner(sys.argv[2], sys.argv[1]))", "import sys\nprint('\\n'.join(owners(sys.argv[2:], sys.argv[1])))"},
		{"Node", "node", "owner(process.argv[2], process.argv[1]).then(console.log)", "owners(process.argv.slice(2), process.argv[1]).then((o) => console.log(o.join('\\n')))"},
		{"shell", "sh", `PROXENOS=$0; owner "$1"`, `PROXENOS=$0; printf '%s\n' "$@" | owners | cut -f 2`},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			requireProgram(t, c.program)
			if c.program == "sh" {
				requireProgram(t, "curl")
			}
			code := example(t, "clients", c.title)
			option := "-c"
			if c.program == "node" {
				option = "-e"
			}
			run := func(call string, keys ...string) string {
				return strings.TrimSpace(runIn(t, folder, "", append([]string{c.program, option, code + "\n" + call, url}, keys...)...))
			}
			for i, key := range keys[:2] {
				assert.Equal(t, want[i], run(c.one, key), key)
			}
			assert.Equal(t, want, strings.Split(run(c.many, keys...), "\n"))
		})
	}
}

// proxenos answers through proxenos serve as from the file itself.
func TestServeFeedsSelect(t *testing.T) {
	t.Parallel()
	requireProgram(t, "curl")
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
