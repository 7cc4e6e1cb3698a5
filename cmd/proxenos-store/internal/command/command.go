// Package command is the command line of proxenos-store: what is typed becomes
// options, options become a run, and an error becomes an exit code.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
)

// Exit codes.
const (
	exitDone        = 0  // done
	exitMissing     = 1  // the key, or one of the keys, is not there
	exitUsage       = 2  // the command line is wrong
	exitUnreachable = 64 // no node of the store could be asked
	exitFailed      = 74 // the store could not do it, now
	exitConfig      = 78 // a file or an address cannot be used
)

// Errors that decide an exit code.
var (
	errMissing = errors.New("not found")
	errUsage   = errors.New("usage")
	errNoPeer  = errors.New("no peer")
)

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var refused *peerwire.Refused
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errMissing):
		return exitMissing
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.As(err, &refused), errors.Is(err, locator.ErrNoReply):
		return exitFailed
	case errors.Is(err, errNoPeer), errors.Is(err, locator.ErrUnreachable), errors.Is(err, locator.ErrNoPeer):
		return exitUnreachable
	default:
		return exitConfig
	}
}

// hintOf says what to try next.
func hintOf(err error) string {
	switch {
	case errors.Is(err, errUsage):
		return "proxenos-store --help shows what there is"
	case errors.Is(err, errNoPeer), errors.Is(err, locator.ErrUnreachable):
		return "start one with: proxenos-store serve; or name one with -h HOST:PORT"
	case errors.Is(err, locator.ErrNoReply):
		return "is it a node of the store, and do both have the same --secret-file, or none?"
	case errors.Is(err, locator.ErrAddressInUse):
		return "leave out -p to take the first free port"
	case errors.Is(err, kv.ErrCorrupt):
		return "nothing was changed; start with another --data, and the other nodes will fill it"
	default:
		return ""
	}
}

// output is where a command writes: data to Out, words for people to Err.
type output struct{ Out, Err io.Writer }

// Main runs the command line and returns the exit code.
func Main(args []string, out, err io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGXFSZ) // a file that may not grow is an error of the write, not the end
	std := &output{out, err}
	root := newRoot(std)
	root.SetArgs(args)
	failed := root.ExecuteContext(ctx)
	if failed == nil {
		return exitDone
	}
	if text := message(failed); text != "" {
		fmt.Fprintln(err, "proxenos-store:", text)
	}
	if hint := hintOf(failed); hint != "" {
		fmt.Fprintln(err, "hint:", hint)
	}
	return exitCode(failed)
}

// message is what to tell of an error.
func message(err error) string {
	var refused *peerwire.Refused
	if errors.As(err, &refused) {
		return refused.Why
	}
	return err.Error()
}

func newRoot(std *output) *cobra.Command {
	root := &cobra.Command{
		Use:   "proxenos-store COMMAND",
		Short: "A replicated key-value store, as an example",
		Long: `A replicated key-value store, as an example of the library proxenos. Start a few
nodes on one machine and they find each other:

  proxenos-store serve      (in two or three terminals)
  proxenos-store put a apple
  proxenos-store get a

It is not linearizable; for a production store, use one.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%w: unknown command %q: choose from delete, get, list, prime, put, serve, test", errUsage, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	// Without a shorthand: -h is the host, as in the original.
	root.PersistentFlags().Bool("help", false, "show help for the command")
	root.AddCommand(newServe(std), newPut(std), newGet(std), newDelete(std), newList(std), newPrime(std), newTest(std))
	return root
}

// wantArgs refuses any other number of arguments.
func wantArgs(want ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(want) {
			return fmt.Errorf("%w: %s takes %d arguments %v, got %d: %q", errUsage, c.CommandPath(), len(want), want, len(args), args)
		}
		return nil
	}
}
