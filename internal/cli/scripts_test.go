package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// scriptLines returns the command lines of all test scripts of the program.
func scriptLines(t *testing.T) string {
	scripts := filepath.Join("..", "..", "cmd", "proxenos", "testdata")
	var lines strings.Builder
	count := 0
	for _, pattern := range []string{"*.txtar", "*/*.txtar"} {
		files, err := filepath.Glob(filepath.Join(scripts, pattern))
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			for line := range strings.Lines(string(content)) {
				if strings.Contains(line, "proxenos ") {
					lines.WriteString(line)
					count++
				}
			}
		}
	}
	require.Greater(t, count, 100, "scripts are missing")
	return lines.String()
}

// A script uses every flag of every command. Commands share flags, so each needs a
// script of its own.
func TestScriptsUseEveryFlag(t *testing.T) {
	t.Parallel()
	root := newRoot(&term.Streams{})
	used := flagsUsed(root, scriptLines(t))
	checked := 0
	for _, words := range everyCommand(t) {
		c, _, err := root.Find(words)
		require.NoError(t, err)
		if !c.Runnable() {
			continue
		}
		require.Contains(t, used, c.CommandPath(), "no script runs it")
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			checked++
			assert.True(t, f.Name == "help" || used[c.CommandPath()][f.Name], "no script runs %s with --%s", c.CommandPath(), f.Name)
		})
	}
	require.Greater(t, checked, 200)
}

// flagsUsed returns the flags that the lines pass to each command.
func flagsUsed(root *cobra.Command, lines string) map[string]map[string]bool {
	used := map[string]map[string]bool{}
	for _, typed := range strings.Split(lines, "proxenos")[1:] {
		line, _, _ := strings.Cut(typed, "\n")
		words := strings.Fields(line)
		c, _, err := root.Find(words)
		if err != nil {
			continue // a misspelled command, or a word in a message
		}
		if used[c.CommandPath()] == nil {
			used[c.CommandPath()] = map[string]bool{}
		}
		for _, word := range words {
			if f := flagOf(c, strings.Trim(word, `'"`)); f != nil {
				used[c.CommandPath()][f.Name] = true
			}
		}
	}
	return used
}

// flagOf returns the flag that word names, or nil.
func flagOf(c *cobra.Command, word string) *pflag.Flag {
	if name, long := strings.CutPrefix(word, "--"); long {
		name, _, _ = strings.Cut(name, "=")
		return c.Flags().Lookup(name)
	}
	if len(word) == 2 && word[0] == '-' {
		return c.Flags().ShorthandLookup(word[1:])
	}
	return nil
}

// A script ends with every exit code.
func TestScriptsMeetEveryExitCode(t *testing.T) {
	t.Parallel()
	lines := scriptLines(t)
	for _, code := range []string{"1", "2", "64", "65", "66", "74", "77", "78", "130", "143"} {
		assert.Contains(t, lines, "exits "+code+" ", "no script ends with %s", code)
	}
}
