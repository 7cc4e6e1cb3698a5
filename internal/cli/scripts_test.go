package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptLines returns the command lines of all scripts that test the program.
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
	require.Greater(t, count, 100, "the scripts are gone")
	return lines.String()
}

// Every flag of the program is used in a script.
func TestScriptsUseEveryFlag(t *testing.T) {
	lines := scriptLines(t)
	flags := map[string]*pflag.Flag{}
	for _, words := range everyCommand(t) {
		c, _, err := newRoot(&streams{}).Find(words)
		require.NoError(t, err)
		c.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = f })
	}
	require.Greater(t, len(flags), 20)
	for name, f := range flags {
		spelt := `--` + name
		if f.Shorthand != "" {
			spelt += `|-` + f.Shorthand
		}
		used := regexp.MustCompile(`(?m)\s(` + spelt + `)(\s|=|$)`).MatchString(lines)
		assert.True(t, used, "no script uses --%s", name)
	}
}

// Every exit code is met in a script.
func TestScriptsMeetEveryExitCode(t *testing.T) {
	lines := scriptLines(t)
	for _, code := range []string{"1", "2", "64", "65", "66", "74", "77", "78", "130"} {
		assert.Contains(t, lines, "exits "+code+" ", "no script ends with %s", code)
	}
}
