// Package swimcmd holds the commands about gossip clusters: swim members, run,
// sync and demo.
package swimcmd

import (
	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// New makes the commands about gossip membership.
func New(std *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "swim COMMAND",
		Short: "Be a member of a gossip cluster, or look at one",
		Long: `Be a member of a gossip cluster, or look at one. Members find each other by
gossip, notice who fails and tell each other about themselves; no server is
needed. The flags and variables are those of swim-protocol 0.6.3, except that a
secret is never an argument.`,
		Example: `  # Two members on one machine, each mirrored into a directory
  proxenos swim sync --name 127.0.0.1:2001 --peer 127.0.0.1:2002 ~/node1
  proxenos swim sync --name 127.0.0.1:2002 --peer 127.0.0.1:2001 ~/node2

  # Who is there?
  proxenos swim members --peer 127.0.0.1:2001`,
		Args: cobra.ArbitraryArgs,
		RunE: term.RefuseCommand,
	}
	c.AddCommand(newMembers(std), newRun(std), newSync(std), newDemo(std))
	return c
}
