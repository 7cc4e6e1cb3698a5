package cli

import (
	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/figures"
	"github.com/proxenos/proxenos/internal/cli/servecmd"
	"github.com/proxenos/proxenos/internal/cli/swimcmd"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// newRoot builds the command tree.
func newRoot(std *term.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "proxenos COMMAND",
		Short: "Print the node that owns a key",
		Long: `Proxenos finds the node that owns a key. A source lists the nodes (a list, a
file, a Consul server); an algorithm picks the owner. The same nodes give the
same answer everywhere, in any order.`,
		Example: `  # Which of three nodes owns user:42?
  proxenos select -n a -n b -n c user:42

  # Which instance registered in Consul owns github.com?
  proxenos select -b consul -h localhost -p 8500 github.com`,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	term.Prepare(root, std)
	root.SetVersionTemplate(versionLine(term.ReadBuild()))
	root.AddCommand(
		newSelect(std),
		newNodes(std),
		newWatch(std),
		servecmd.NewServe(std),
		servecmd.NewCompare(std),
		figures.NewRing(std),
		figures.NewPartitions(std),
		figures.NewShards(std),
		figures.NewExplain(std),
		figures.NewIdentify(std),
		figures.NewBalance(std),
		figures.NewDiff(std),
		figures.NewCheck(std),
		figures.NewReport(std),
		newHash(std),
		newP2P(std),
		swimcmd.New(std),
		newVersion(std),
		newCompletion(),
	)
	root.AddCommand(newTopics(term.FoldedUsages(newSelect(std)))...)
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpCmd()
	term.KeepHelpShorthand(root)
	return root
}
