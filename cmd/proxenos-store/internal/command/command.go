// Package command implements the command line of proxenos-store. Flags become
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
	"github.com/proxenos/proxenos/mapper/swim"
)

// Exit codes.
const (
	exitDone        = 0  // success
	exitMissing     = 1  // a key is missing
	exitUsage       = 2  // the command line is invalid
	exitUnreachable = 64 // no node of the store could be reached
	exitFailed      = 74 // the store could not complete the request
	exitConfig      = 78 // a file or an address cannot be used
	exitInterrupted = 130
)

// Errors of the command line.
var (
	errMissing = errors.New("not found")
	errUsage   = errors.New("usage")
	errSecret  = errors.New("cannot use the secret")
	errDiffers = errors.New("secrets differ")
)

const (
	hintStart  = "start a node with: proxenos-store serve; or name one with -h HOST:PORT"
	hintSecret = "use the --secret-file of that node; serve --found starts a store beside it"
)

// causes holds the exit codes of errors, and hints on how to fix them. The first one that
// matches counts.
var causes = []struct {
	err  error
	code int
	hint string
}{
	{errMissing, exitMissing, ""},
	{errUsage, exitUsage, "run: proxenos-store --help"},
	{context.Canceled, exitInterrupted, ""},
	{swim.ErrOtherSecret, exitUnreachable, hintSecret},
	{errDiffers, exitUnreachable, hintSecret},
	{locator.ErrNoReply, exitFailed, "is it a node of the store, and do both use the same --secret-file or none?"},
	{locator.ErrUnreachable, exitUnreachable, hintStart},
	{locator.ErrNoPeer, exitUnreachable, hintStart},
	{errSecret, exitConfig, "make one with: openssl rand -hex 16"},
	{locator.ErrAddressInUse, exitConfig, "leave out -p to use the first free port"},
	{kv.ErrCorrupt, exitConfig, "the file was not changed; start with another --data directory to copy the keys from the other nodes"},
}

// explain returns the text of an error, its exit code and a hint.
func explain(err error) (text string, code int, hint string) {
	var failure *peerwire.Failure
	if errors.As(err, &failure) {
		return failure.Reason, exitFailed, ""
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return err.Error(), c.code, c.hint
		}
	}
	return err.Error(), exitConfig, ""
}

// output holds the writers of a command: Out for data, Err for messages.
type output struct{ Out, Err io.Writer }

// Main runs the command line and returns the exit code.
func Main(args []string, out, err io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	std := &output{out, err}
	root := newRoot(std)
	root.SetArgs(args)
	failed := root.ExecuteContext(ctx)
	if failed == nil {
		return exitDone
	}
	text, code, hint := explain(failed)
	fmt.Fprintln(err, "proxenos-store:", text)
	if hint != "" {
		fmt.Fprintln(err, "hint:", hint)
	}
	return code
}

func newRoot(std *output) *cobra.Command {
	root := &cobra.Command{
		Use:   "proxenos-store COMMAND",
		Short: "Run or call an example of a replicated key-value store",
		Long: `Run or call a replicated key-value store, an example of the proxenos library.
Nodes on one machine find each other:

  proxenos-store serve      (in two or three terminals)
  proxenos-store put a apple
  proxenos-store get a

The store is not linearizable when nodes fail, and not meant for production.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%w: unknown command %q: want one of delete, get, list, prime, put, serve, test", errUsage, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	// Without a shorthand, as -h is the host.
	root.PersistentFlags().Bool("help", false, "show this help")
	root.AddCommand(newServe(std))
	root.AddCommand(newClientCommands(std)...)
	return root
}

func wantArgs(want ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(want) {
			return fmt.Errorf("%w: %s takes the arguments %v, got %q", errUsage, c.CommandPath(), want, args)
		}
		return nil
	}
}
