// Package swimcmd implements the swim commands: members, run, sync and demo.
package swimcmd

import (
	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// onlyProxenos is the paragraph of help that says which programs can be members.
const onlyProxenos = `

All members must be proxenos members: programs of this command or of the Go package
mapper/swim. Members of plain memberlist and the gossip ports of Serf and Consul
are refused.`

// New returns the swim command with its subcommands.
func New(std *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "swim COMMAND",
		Short: "Join or inspect a gossip cluster",
		Long: `Join or inspect a gossip cluster. Members discover each other, detect failures
and share metadata by gossip, without a server. Flags and environment variables
are those of swim-protocol 0.6.3, except that a secret is never an argument.
` + onlyProxenos,
		Example: `  # Two members on one machine, each mirrored into a directory
  proxenos swim sync --name 127.0.0.1:2001 --peer 127.0.0.1:2002 ~/node1
  proxenos swim sync --name 127.0.0.1:2002 --peer 127.0.0.1:2001 ~/node2

  # List the members
  proxenos swim members --peer 127.0.0.1:2001`,
		Args: cobra.ArbitraryArgs,
		RunE: term.RefuseCommand,
	}
	c.AddCommand(newMembers(std), newRun(std), newSync(std), newDemo(std))
	return c
}
