// Package cli is the command line of proxenos: the root command and the small
// commands select, nodes, watch, hash, p2p, version and completion.
//
// Every command has three steps. A constructor declares the flags and binds them
// to an options struct; parse validates them; run does the work. Shared code is
// in the packages below: source turns flags into nodes, place turns nodes into a
// placement, answer reads keys and writes owners, member joins a gossip cluster,
// and term handles the terminal. Packages figures and swimcmd hold the larger
// commands.
package cli

import (
	"cmp"
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// Main runs the command line of the process and returns its exit code.
func Main() int {
	ctx, stop := term.WithSignals(context.Background())
	defer stop()
	std := &term.Streams{
		In:     os.Stdin,
		Out:    os.Stdout,
		Err:    os.Stderr,
		Getenv: os.Getenv,
	}
	return run(ctx, std, os.Args[1:])
}

// Root returns the command tree with out as its standard output. Man pages and
// completion scripts are made from it.
func Root(out io.Writer) *cobra.Command {
	return newRoot(&term.Streams{
		In:     strings.NewReader(""),
		Out:    out,
		Err:    io.Discard,
		Getenv: func(string) string { return "" },
	})
}

// run executes a command line and reports its error on standard error.
func run(ctx context.Context, std *term.Streams, args []string) int {
	root := newRoot(std)
	root.SetArgs(term.ShowAll(root, args))
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		term.UnquoteUsages(root)
	}
	var refused error
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if c.HasSubCommands() && c.Flags().NArg() > 0 {
			refused = term.RefuseCommand(c, c.Flags().Args()) // as in: proxenos nosuch --help
			return
		}
		term.Help(c, args)
	})
	out, helpFailure := term.Remembering(std.Out)
	root.SetOut(out)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = cmp.Or(refused, helpFailure()) // cobra drops the errors of help
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	return std.Report(term.ReferToHelp(command, err))
}
