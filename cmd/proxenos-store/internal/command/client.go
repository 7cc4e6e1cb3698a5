package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
)

// newClientCommand returns a command that calls the store.
func newClientCommand(use, short string, args []string, run func(ctx context.Context, store *rpc.Client, args []string) error) *cobra.Command {
	var to access
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  wantArgs(args...),
		RunE: func(c *cobra.Command, args []string) error {
			store, err := to.client(c.Context(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			return run(c.Context(), store, args)
		},
	}
	to.bind(c)
	return c
}

func newPut(*output) *cobra.Command {
	return newClientCommand("put [-h PEER] KEY VALUE", "Store a value, or standard input for -; returns once every replica has it", []string{"KEY", "VALUE"},
		func(ctx context.Context, store *rpc.Client, args []string) error {
			value := args[1]
			if value == "-" {
				raw, err := io.ReadAll(io.LimitReader(os.Stdin, node.MaxValue+1)) // one byte too many is refused
				if err != nil {
					return err
				}
				value = string(raw)
			}
			return store.Put(ctx, args[0], value)
		})
}

func newGet(std *output) *cobra.Command {
	return newClientCommand("get [-h PEER] KEY", "Print a value; exit code 1 if the key is missing", []string{"KEY"},
		func(ctx context.Context, store *rpc.Client, args []string) error {
			value, ok, err := store.Get(ctx, args[0])
			if err == nil && !ok {
				err = fmt.Errorf("key %q: %w", args[0], errMissing)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.Out, value)
			return err
		})
}

func newDelete(*output) *cobra.Command {
	return newClientCommand("delete [-h PEER] KEY", "Delete a key", []string{"KEY"},
		func(ctx context.Context, store *rpc.Client, args []string) error {
			return store.Delete(ctx, args[0])
		})
}

func newList(std *output) *cobra.Command {
	return newClientCommand("list [-h PEER]", "List all keys; a key with control characters is quoted", nil,
		func(ctx context.Context, store *rpc.Client, _ []string) error {
			keys, err := store.Keys(ctx)
			for _, key := range keys {
				if !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
					key = strconv.Quote(key)
				}
				if _, err := fmt.Fprintln(std.Out, key); err != nil {
					return err
				}
			}
			return err
		})
}

// alphabet is the NATO alphabet, sample data for the commands prime and test.
var alphabet = []string{
	"Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliet", "Kilo", "Lima", "Mike",
	"November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor", "Whiskey", "X-ray", "Yankee", "Zulu",
}

func newPrime(*output) *cobra.Command {
	return newClientCommand("prime [-h PEER]", "Store the NATO alphabet under A to Z", nil,
		func(ctx context.Context, store *rpc.Client, _ []string) error {
			for _, word := range alphabet {
				if err := store.Put(ctx, word[:1], word); err != nil {
					return err
				}
			}
			return nil
		})
}

func newTest(std *output) *cobra.Command {
	return newClientCommand("test [-h PEER]", "Print the values stored by prime; exit code 1 if any is missing", nil,
		func(ctx context.Context, store *rpc.Client, _ []string) error {
			missing := 0
			for _, word := range alphabet {
				value, ok, err := store.Get(ctx, word[:1])
				if err != nil {
					return err
				}
				if ok {
					fmt.Fprintln(std.Out, value)
					continue
				}
				missing++
				owner, err := store.Owner(ctx, word[:1])
				if err != nil {
					return err
				}
				fmt.Fprintln(std.Err, "None received from expected", owner.Name)
			}
			if missing > 0 {
				return fmt.Errorf("%d of %d keys: %w", missing, len(alphabet), errMissing)
			}
			return nil
		})
}
