package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | TOPIC]",
		Short: "Show help for a command or a topic",
		Long:  "Show help for a command or a topic.",
		Example: `  proxenos help select
  proxenos help exit-codes`,
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return helpNames(c.Root()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			target, rest, err := c.Root().Find(args)
			if err != nil || target == nil || (len(args) > 0 && target == c.Root()) {
				return term.ReferToHelp(c.Root(), term.UnknownChoice("command or topic", args[0], helpNames(c.Root())))
			}
			if len(rest) > 0 && !slices.Contains(target.ValidArgs, rest[0]) {
				return term.Usagef("%s has no command %q", target.CommandPath(), rest[0])
			}
			return target.Help()
		},
	}
}

// helpNames returns the names of all commands and topics.
func helpNames(root *cobra.Command) []string {
	names := term.CommandNames(root)
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}
