package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/legacy"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
)

// notLegacy are the flags that do not apply to a network of 2009.
var notLegacy = []string{"replicas", "min-copies", "zone", "data", "secret-file", "status"}

// runLegacy runs a node of a network of 2009 until the context ends.
func (o *serveOptions) runLegacy(c *cobra.Command) error {
	for _, flag := range notLegacy {
		if c.Flags().Changed(flag) {
			return fmt.Errorf("%w: --%s: not supported with --legacy", errUsage, flag)
		}
	}
	ctx := c.Context()
	var peer string
	known := false
	if !o.found {
		peer, known = o.find(ctx)
	}
	n, err := legacy.Listen(ctx, locator.Config{
		Host: o.listen, Port: o.port, First: o.first, Advertise: o.advertise, Peer: peer,
		Services: rpc.Services, Limits: serverLimits, Call: o.call, Log: o.log,
	}, o.std.Err)
	if err != nil {
		return err
	}
	if !known && !o.found {
		_, known = n.DiscoverEarlier(ctx)
	}
	if !known {
		fmt.Fprintln(o.std.Err, "No peer autodiscovered.")
	}
	fmt.Fprintf(o.std.Err, "Starting the server at %s...\n", n.Self().Name)
	return n.Serve(ctx)
}
