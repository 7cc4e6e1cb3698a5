package cli

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
)

// canary is in every secret of these tests.
const canary = "canary-c0ffee"

// canaryLines are command lines by command, which do its work or fail late. In
// them, DIR is a directory with a check file, and PORT a free port.
var canaryLines = map[string][]string{
	"":            {"", "--version", "nonsense"},
	"balance":     {"-n a -n b --sample 100", "-n a -n b --sample 100 -o json", "-n a --max-imbalance 0.5 --sample 100"},
	"check":       {"DIR/checks.yaml", "DIR/checks.yaml --report tap", "--schema", "DIR/none.yaml"},
	"compare":     {"http://127.0.0.1:1", "-o json http://127.0.0.1:1"},
	"completion":  {"bash", "zsh", "fish", "powershell"},
	"diff":        {"-n a -n b --add c --sample 100", "-n a -n b --add c --sample 100 -o json"},
	"explain":     {"-n a -n b user:42", "-n a -n b -o json user:42"},
	"hash":        {"siphash user:42", "siphash user:42 -o json", "md5 user:42"},
	"help":        {"", "environment", "select", "nonsense"},
	"identify":    {"-n a -n b k=a", "-n a -n b k=a -o json"},
	"nodes":       {"-n a", "-n a -o json", "-b consul -h 127.0.0.1 -p 1", "-b swim --peer 127.0.0.1:1 --timeout 2s", "-b p2p -h 127.0.0.1 -p 1"},
	"p2p":         {"-p PORT", "-h 127.0.0.1:1", "-b static"},
	"shards":      {"-n a -n b --size 1 acme", "-n a -n b --size 1 --tenants 3 -o json", "-n a --size 1 -H md5 acme", "-n a --size 2 acme"},
	"partitions":  {"-n a -n b --partitions 4", "-n a -o json", "-n a -H md5"},
	"report":      {"-n a -n b --sample 100 -o DIR/page.html", "-n a -o DIR/none/page.html"},
	"ring":        {""},
	"ring points": {"-n a --points 1", "-n a --points 1 -o json", "-n a -H md5"},
	"ring shares": {"-n a", "-n a -o json", "-n a -H md5"},
	"select": {
		"-n a user:42", "-n a -o json user:42", "-n a -o csv user:42", "-n a --require-key user:42",
		"-n a --expect b user:42", "-n a --require-key -H md5 user:42", "-n a -a ketama user:42", "-b static user:42",
		"-b consul -h 127.0.0.1 -p 1 user:42",
	},
	"serve":        {"-n a --http 127.0.0.1:0", "-b consul -h 127.0.0.1 -p 1 --http 127.0.0.1:0", "-n a --http 0.0.0.0:0"},
	"swim":         {""},
	"swim demo":    {"--name 127.0.0.1:PORT", "--name 127.0.0.1:PORT --peer 127.0.0.1:1"},
	"swim members": {"--peer 127.0.0.1:1", "--peer 127.0.0.1:1 -o json"},
	"swim run":     {"--name 127.0.0.1:PORT", "--name 127.0.0.1:PORT --http 127.0.0.1:0", "--name 127.0.0.1:PORT --peer 127.0.0.1:1"},
	"swim sync":    {"--name 127.0.0.1:PORT DIR/mirror", "--name 127.0.0.1:PORT --peer 127.0.0.1:1 DIR/mirror"},
	"version":      {"", "-o json"},
	"watch":        {"-n a", "-n a -o json", "-b consul -h 127.0.0.1 -p 1"},
}

// lasting are the commands that run until they are interrupted.
var lasting = []string{"p2p", "serve", "swim demo", "swim run", "swim sync", "watch"}

// secretEnvironments are the ways to give secrets by the environment.
func secretEnvironments(t *testing.T) map[string]map[string]string {
	key := canary + "key" // 16 bytes
	require.Len(t, key, 16)
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(key), 0o600))
	return map[string]map[string]string{
		"values": {
			"PROXENOS_SIPHASH_KEY": key, "SWIM_SECRET": canary + "-swim-secret",
			"CONSUL_HTTP_TOKEN": canary + "-token", "CONSUL_HTTP_AUTH": canary + "-user:" + canary + "-password",
		},
		"hexadecimal": {"PROXENOS_SIPHASH_KEY": hex.EncodeToString([]byte(key)), "SWIM_SECRET": strings.Repeat(canary+"\n", 3)},
		"files":       {"PROXENOS_SIPHASH_KEY_FILE": file, "SWIM_SECRET_FILE": file, "CONSUL_HTTP_TOKEN_FILE": file},
		"too short":   {"PROXENOS_SIPHASH_KEY": canary, "SWIM_SECRET": canary},
	}
}

// TestNoCommandPrintsASecret runs every command of the tree with secrets in the
// environment, whether it does its work or fails. No flag takes a secret.
func TestNoCommandPrintsASecret(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "checks.yaml"), []byte("nodes: [a, b]\nsample: 100\nchecks:\n  - {name: n, shares: {max: 2}}\n  - {name: m, pins: {k: c}}\n"), 0o600))
	forbidden := []string{
		canary, hex.EncodeToString([]byte(canary)),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(canary)), "=")[:16], strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]"),
	}
	port := strconv.Itoa(freeport.Take(t))
	root := newRoot(&term.Streams{})
	for name, env := range secretEnvironments(t) {
		t.Run(name, func(t *testing.T) {
			for variable, value := range env {
				if strings.HasPrefix(variable, "CONSUL_") {
					t.Setenv(variable, value) // Consul's client reads it
				}
			}
			ran := 0
			for _, words := range everyCommand(t) {
				c, _, err := root.Find(words)
				require.NoError(t, err)
				if !c.Runnable() {
					continue
				}
				for _, line := range linesOf(t, c, words) {
					ran++
					args := slices.Concat(words, strings.Fields(strings.NewReplacer("DIR", dir, "PORT", port).Replace(line)))
					out := runUntilOutput(t, env, slices.Contains(lasting, strings.Join(words, " ")), args)
					for _, secret := range forbidden {
						assert.NotContains(t, out, secret, "proxenos %s", strings.Join(args, " "))
					}
				}
			}
			require.Greater(t, ran, 3*len(canaryLines), "each command runs at least with a flag that it lacks and for help")
		})
	}
	require.Contains(t, runUntilOutput(t, map[string]string{"PROXENOS_SIPHASH_KEY": canary}, false, []string{"select", "-n", "a", "k"}),
		"PROXENOS_SIPHASH_KEY: the key has 13 bytes", "the commands do read the secrets")
}

// linesOf returns the command lines of a command. A new command must have some.
func linesOf(t *testing.T, c *cobra.Command, words []string) []string {
	t.Helper()
	lines, ok := canaryLines[strings.Join(words, " ")]
	require.True(t, ok, "canaryLines lacks %q", c.CommandPath())
	return append([]string{"--nosuchflag", "--help"}, lines...)
}

// runUntilOutput runs a command line and returns what it prints. It interrupts a
// lasting command once it has printed something.
func runUntilOutput(t *testing.T, env map[string]string, lasts bool, args []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all logbuf.Buffer
	printed := writerFunc(func(p []byte) (int, error) {
		if lasts {
			cancel()
		}
		return all.Write(p)
	})
	std := &term.Streams{In: strings.NewReader(""), Out: printed, Err: printed, Getenv: func(name string) string { return env[name] }}
	run(ctx, std, args)
	require.NotErrorIs(t, ctx.Err(), context.DeadlineExceeded, "proxenos %s", strings.Join(args, " "))
	return all.String()
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
