package term

import "github.com/spf13/cobra"

// RefuseCommand runs a command that only groups subcommands: it prints help, or
// reports the unknown subcommand.
func RefuseCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return root.Help()
	}
	return UnknownChoice(root.Name()+" command", args[0], CommandNames(root))
}

// CommandNames returns the names of the runnable subcommands.
func CommandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}
