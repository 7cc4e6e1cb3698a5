package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
)

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
