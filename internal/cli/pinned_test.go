package cli

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the lists that the tests compare with")

// TestCommandsAndFlagsStay compares the command line with the list of commands and
// flags in testdata. One that is gone breaks scripts; one that is new is a promise.
func TestCommandsAndFlagsStay(t *testing.T) {
	t.Parallel()
	var got []string
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		got = append(got, c.CommandPath())
		c.Flags().VisitAll(func(f *pflag.Flag) {
			line := c.CommandPath() + " --" + f.Name
			if f.Shorthand != "" {
				line += " -" + f.Shorthand
			}
			got = append(got, line+" "+f.Value.Type())
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(Root(io.Discard))
	slices.Sort(got)
	require.Greater(t, len(got), 200, "hardly any flags found")
	comparePinned(t, "flags.txt", got)
}

// comparePinned compares lines with those of a file in testdata, or writes them.
func comparePinned(t *testing.T, name string, got []string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range want {
		assert.True(t, slices.Contains(got, line), "gone: %s", line)
	}
	for _, line := range got {
		assert.True(t, slices.Contains(want, line), "new:  %s", line)
	}
	if t.Failed() {
		t.Log("if the change is meant, say it in CHANGELOG.md and run: go test ./internal/cli -run 'Stay$' -update")
	}
}
