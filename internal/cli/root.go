package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// explainFlagError turns what the flag parser says into a refusal with a hint.
func explainFlagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case c.HasSubCommands() && c.Flags().NArg() > 0:
		return refuseCommand(c, c.Flags().Args()) // the flag was meant for the command that is misspelt
	case errors.As(err, &unknown):
		return unknownFlag(c, unknown)
	case errors.As(err, &missing) && missing.GetSpecifiedShortnames() != "" && missing.GetFlag().Name == "host":
		return withHint(usagef("-h is the host here and needs a value"), "use --help for help")
	case errors.As(err, &invalid):
		err = fmt.Errorf("--%s %q: %w", invalid.GetFlag().Name, invalid.GetValue(), plainReason(invalid.Unwrap()))
	}
	return withHint(&usageError{err}, "see %s --help", c.CommandPath())
}

// plainReason puts what the number parser says into words.
func plainReason(err error) error {
	var number *strconv.NumError
	switch {
	case errors.Is(err, strconv.ErrRange):
		return errors.New("the number is too large")
	case errors.As(err, &number):
		return errors.New("want a whole number")
	default:
		return err
	}
}

// unknownFlag refuses a flag and names the ones that the command has.
func unknownFlag(c *cobra.Command, err *pflag.NotExistError) error {
	var names, flags []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		names, flags = append(names, f.Name), append(flags, "--"+f.Name)
		if f.Shorthand != "" {
			flags[len(flags)-1] = "-" + f.Shorthand + " --" + f.Name
		}
	})
	typed := "-" + err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() == "" {
		typed = "-" + typed
	}
	refusal := withList(usagef("unknown flag %q for %s", typed, c.CommandPath()), "flags:", flags)
	if near := nearest(err.GetSpecifiedName(), names); near != "" && len(err.GetSpecifiedName()) > 1 {
		return withHint(refusal, "did you mean --%s?", near)
	}
	return withHint(refusal, "see %s --help", c.CommandPath())
}

// wantArgs refuses any other number of arguments than want.
func wantArgs(want ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == len(want) {
			return nil
		}
		wanted := "no arguments"
		if len(want) > 0 {
			wanted = strings.Join(want, " ")
		}
		return withHint(usagef("%s takes %s, got %s", c.CommandPath(), wanted, quoteAll(args)), "see %s --help", c.CommandPath())
	}
}

// quoteAll quotes what was typed, or says that it was nothing.
func quoteAll(args []string) string {
	if len(args) == 0 {
		return "none"
	}
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	return strings.Join(quoted, " ")
}
