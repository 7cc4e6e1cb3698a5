package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/figures"
	"github.com/proxenos/proxenos/internal/cli/swimcmd"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// newRoot builds the whole tree of commands.
func newRoot(std *term.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "proxenos COMMAND",
		Short: "Tell which node owns a key",
		Long: `Proxenos tells which node owns a key. A source says which nodes there are (a
list, a file, a Consul server); an algorithm says which of them owns the key.
The same nodes give the same answer everywhere, in whatever order they come.`,
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
	root.SetHelpTemplate(term.HelpTemplate)
	std.Color = term.Colors()
	// Without a shorthand: -h is --host where a command has a host.
	root.PersistentFlags().Bool("help", false, "show help for the command")
	root.PersistentFlags().Var(&std.Color, "color", "colour of messages: auto, always or never")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return refuseEmpty(c) }
	term.Complete(root, "color", std.Color.Choices())
	root.AddCommand(
		newSelect(std),
		newNodes(std),
		newWatch(std),
		figures.NewRing(std),
		figures.NewExplain(std),
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
	root.AddCommand(newTopics()...)
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpCmd()
	keepHelpShorthand(root)
	return root
}

// refuseEmpty refuses flags with an empty value, which is what a script gives
// whose variable is not set: --expect "$OWNER" must not pass for that.
func refuseEmpty(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.String() == "" {
			err = term.Hint(term.Usagef("--%s is empty", f.Name), "leave it out if it is not meant")
		}
	})
	return err
}

// keepHelpShorthand gives -h to help on every command where it is not the host.
func keepHelpShorthand(c *cobra.Command) {
	if c.Flags().ShorthandLookup("h") == nil {
		c.Flags().BoolP("help", "h", false, "show help for the command")
	}
	for _, sub := range c.Commands() {
		keepHelpShorthand(sub)
	}
}
