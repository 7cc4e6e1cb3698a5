package term

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Prepare gives the root of a command tree what all programs have in common: streams,
// help, the version, and refusals with hints.
func Prepare(root *cobra.Command, std *Streams) {
	root.Args, root.RunE = cobra.ArbitraryArgs, RefuseCommand
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.SetFlagErrorFunc(ExplainFlagError)
	root.SetUsageFunc(Usage)
	std.Color = Colors()
	// No shorthand: -h is --host on commands that have a host.
	root.PersistentFlags().Bool("help", false, "show help for the command")
	root.PersistentFlags().Bool(HelpAll, false, "show help with the flags of all backends")
	root.Flags().Bool("version", false, "print the version")
	root.Version = ReadBuild().Version
	root.PersistentFlags().Var(&std.Color, "color", "color of messages: auto, always or never")
	root.PersistentPreRunE = refuseEmpty
	Complete(root, "color", std.Color.Choices())
}

// Run executes a command line, reports its error on standard error, and returns the
// exit code of the process.
func Run(ctx context.Context, std *Streams, root *cobra.Command, args []string) int {
	root.SetArgs(ShowAll(root, args))
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		UnquoteUsages(root)
	}
	var refused error
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if c.HasSubCommands() && c.Flags().NArg() > 0 {
			refused = RefuseCommand(c, c.Flags().Args()) // as in: proxenos nosuch --help
			return
		}
		Help(c, args)
	})
	out, helpFailure := Remembering(std.Out)
	root.SetOut(out)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = cmp.Or(refused, helpFailure()) // cobra drops the errors of help
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	return std.Report(ReferToHelp(command, err))
}

// refuseEmpty rejects flags with an empty value. A script passes one if it
// expands an unset variable, and --expect "$OWNER" must not succeed then.
func refuseEmpty(c *cobra.Command, _ []string) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.String() == "" {
			err = Hint(Usagef("--%s is empty", f.Name), "omit it, or give it a value")
		}
	})
	return err
}

// KeepHelpShorthand makes -h a shorthand of --help on commands without --host.
func KeepHelpShorthand(c *cobra.Command) {
	if c.Flags().ShorthandLookup("h") == nil {
		c.Flags().BoolP("help", "h", false, "show help for the command")
	}
	for _, sub := range c.Commands() {
		KeepHelpShorthand(sub)
	}
}
