// Package cli is the command line of proxenos: the root command, and the small
// commands select, nodes, watch, hash, p2p, version and completion.
//
// Every command has the same three steps. A constructor declares the flags and
// binds them to an options struct; the flags are checked and turned into
// options; run(options) does the work and knows no flags. What commands share
// lies in the packages below: source turns flags into nodes, place turns nodes
// into owners, answer turns owners into bytes, member joins a gossip cluster,
// and term knows the terminal. The packages figures and swimcmd hold the larger
// commands.
package cli

import (
	"context"
	"os"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// Main runs the command that the process was started with and returns the
// exit code of the process.
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

// run executes one command line and reports its error on standard error.
func run(ctx context.Context, std *term.Streams, args []string) int {
	root := newRoot(std)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	return std.Report(term.ReferToHelp(command, err))
}
