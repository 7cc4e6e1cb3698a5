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
	return term.Run(ctx, std, newRoot(std), args)
}
