package cli

import (
	"flag"
	"io"
	"slices"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/pinned"
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
	pinned.Lines(t, "testdata/flags.txt", got, *update)
}
