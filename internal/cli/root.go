package cli

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newRoot builds the whole tree of commands.
func newRoot(std *streams) *cobra.Command {
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
		RunE:              refuseCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.SetFlagErrorFunc(explainFlagError)
	root.SetUsageFunc(usage)
	root.SetHelpTemplate(helpTemplate)
	// Without a shorthand: -h is --host where a command has a host.
	root.PersistentFlags().Bool("help", false, "show help for the command")
	root.PersistentFlags().StringVar(&std.color, "color", "auto", "colour of messages: auto, always or never")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if !slices.Contains(colors, std.color) {
			return unknownChoice("--color", std.color, colors)
		}
		return refuseEmpty(c)
	}
	complete(root, "color", colors)
	root.AddCommand(
		newSelect(std),
		newNodes(std),
		newWatch(std),
		newRing(std),
		newExplain(std),
		newBalance(std),
		newDiff(std),
		newCheck(std),
		newReport(std),
		newHash(std),
		newP2P(std),
		newSwim(std),
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
			err = withHint(usagef("--%s is empty", f.Name), "leave it out if it is not meant")
		}
	})
	return err
}

// refuseCommand runs when none of the commands below this one was named.
func refuseCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return root.Help()
	}
	return unknownChoice(root.Name()+" command", args[0], commandNames(root))
}

// commandNames lists the commands that do something, for people to choose from.
func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
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
