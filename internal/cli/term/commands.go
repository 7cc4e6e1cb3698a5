package term

import "github.com/spf13/cobra"

// RefuseCommand runs when none of the commands below this one was named.
func RefuseCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return root.Help()
	}
	return UnknownChoice(root.Name()+" command", args[0], CommandNames(root))
}

// CommandNames lists the commands that do something, for people to choose from.
func CommandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}
