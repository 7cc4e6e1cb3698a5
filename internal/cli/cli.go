// Package cli is the command line of proxenos: one file per command, and one
// file for each thing that commands share.
//
// Every command has the same three steps. A constructor declares the flags and
// binds them to an options struct; the flags are checked and turned into
// options; run(options) does the work and knows no flags. What commands share
// has its own file: source.go turns flags into nodes, scheme.go turns nodes
// into owners, output.go turns owners into bytes, environment.go reads the
// environment and exit.go turns errors into exit codes.
package cli

import (
	"context"
	"os"
)

// Main runs the command that the process was started with and returns the
// exit code of the process.
func Main() int {
	ctx, stop := withSignals(context.Background())
	defer stop()
	std := &streams{
		In:     os.Stdin,
		Out:    os.Stdout,
		Err:    os.Stderr,
		Getenv: os.Getenv,
	}
	return run(ctx, std, os.Args[1:])
}

// run executes one command line and reports its error on standard error.
func run(ctx context.Context, std *streams, args []string) int {
	root := newRoot(std)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	return std.report(referTo(command, err))
}
