package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// command runs a command line in this process.
func command(in string, args ...string) (out, errors string, code int) {
	var stdout, stderr bytes.Buffer
	std := &term.Streams{In: strings.NewReader(in), Out: &stdout, Err: &stderr, Getenv: func(string) string { return "" }}
	code = run(context.Background(), std, args)
	return stdout.String(), stderr.String(), code
}

// everyCommand returns the words of every command and topic.
func everyCommand(t *testing.T) [][]string {
	var all [][]string
	var walk func(c *cobra.Command, words []string)
	walk = func(c *cobra.Command, words []string) {
		all = append(all, words)
		for _, sub := range c.Commands() {
			walk(sub, append(words[:len(words):len(words)], sub.Name()))
		}
	}
	walk(newRoot(&term.Streams{}), nil)
	require.Greater(t, len(all), 10, "commands are missing from the tree")
	return all
}

// Help of every command: pflag panics on a clash of shorthands only when the command
// runs.
func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	t.Parallel()
	for _, words := range everyCommand(t) {
		t.Run(strings.Join(words, " "), func(t *testing.T) {
			out, errors, code := command("", append(words, "--help")...)
			assert.Equal(t, term.ExitDone, code)
			assert.Empty(t, errors)
			assert.Contains(t, out, "Examples:\n")
			assert.Contains(t, out, "proxenos")
			for line := range strings.Lines(out) {
				if strings.HasPrefix(line, "  ") && strings.Contains(line, "proxenos ") {
					continue // commands are not broken
				}
				assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 80, line)
			}
		})
	}
}

// -h is --host on commands with a host, and --help on all others.
func TestShorthandH(t *testing.T) {
	t.Parallel()
	root := newRoot(&term.Streams{})
	for _, words := range everyCommand(t) {
		c, _, err := root.Find(words)
		require.NoError(t, err)
		want := "help"
		if c.Flags().Lookup("host") != nil {
			want = "host"
		}
		flag := c.Flags().ShorthandLookup("h")
		require.NotNil(t, flag, words)
		assert.Equal(t, want, flag.Name, words)
	}
}

func TestCompletionsParse(t *testing.T) {
	t.Parallel()
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			out, errors, code := command("", "completion", shell)
			require.Equal(t, term.ExitDone, code, errors)
			require.Contains(t, out, "proxenos")
			if shell == "powershell" {
				return // no interpreter to parse it: Debian has no package
			}
			interpreter, err := exec.LookPath(shell)
			if err != nil {
				require.Empty(t, os.Getenv("PROXENOS_REQUIRE_PEERS"), "no %s to parse it", shell)
				t.Skipf("no %s to parse it", shell)
			}
			parse := exec.Command(interpreter, "-n")
			parse.Stdin = strings.NewReader(out)
			said, err := parse.CombinedOutput()
			require.NoError(t, err, string(said))
		})
	}
}
