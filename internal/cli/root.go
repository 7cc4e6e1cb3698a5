package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
		Args:              cobra.ArbitraryArgs,
		RunE:              term.RefuseCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.SetFlagErrorFunc(term.ExplainFlagError)
	root.SetUsageFunc(term.Usage)
	std.Color = term.Colors()
	// No shorthand: -h is --host on commands that have a host.
	root.PersistentFlags().Bool("help", false, "show help for the command")
	root.PersistentFlags().Bool(term.HelpAll, false, "show help with the flags of all backends")
	root.Flags().Bool("version", false, "print the version")
	root.Version = term.ReadBuild().Version
	root.SetVersionTemplate(versionLine(term.ReadBuild()))
	root.PersistentFlags().Var(&std.Color, "color", "color of messages: auto, always or never")
	root.PersistentPreRunE = refuseEmpty
	term.Complete(root, "color", std.Color.Choices())
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
	keepHelpShorthand(root)
	return root
}

// refuseEmpty rejects flags with an empty value. A script passes one if it
// expands an unset variable, and --expect "$OWNER" must not succeed then.
func refuseEmpty(c *cobra.Command, _ []string) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.String() == "" {
			err = term.Hint(term.Usagef("--%s is empty", f.Name), "omit it, or give it a value")
		}
	})
	return err
}

// keepHelpShorthand makes -h a shorthand of --help on commands without --host.
func keepHelpShorthand(c *cobra.Command) {
	if c.Flags().ShorthandLookup("h") == nil {
		c.Flags().BoolP("help", "h", false, "show help for the command")
	}
	for _, sub := range c.Commands() {
		keepHelpShorthand(sub)
	}
}
