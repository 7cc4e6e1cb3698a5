package figures

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// circle is a ranking with points on a ring.
type circle interface {
	Points() iter.Seq2[uint64, int]
	Shares() iter.Seq2[int, float64]
}

// ringOptions are the options that ring points and ring shares have in common.
type ringOptions struct {
	std       *term.Streams
	source    source.Flags
	placement place.Flags
}

// NewRing returns the command ring.
func NewRing(std *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "ring points | shares",
		Short: "Show the points of a ring, or the shares of its nodes",
		Long:  "Show the points of a ring or the shares of its nodes, to find why two programs\ndisagree or a node has too many keys.",
		Example: `  proxenos ring shares -n a -n b -n c
  proxenos ring points -a ketama -n 10.0.0.1:11211 -n 10.0.0.2:11211`,
		Args: cobra.ArbitraryArgs,
		RunE: term.RefuseCommand,
	}
	c.AddCommand(newRingPoints(std), newRingShares(std))
	return c
}

// bind declares the flags on a command.
func (o *ringOptions) bind(c *cobra.Command) {
	o.placement.Bind(c, place.Rings)
	o.source.Bind(c)
}

// parse validates the flags.
func (o *ringOptions) parse(c *cobra.Command) error {
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	return o.source.Parse(c)
}

// circle queries the source and builds the ring.
func (o *ringOptions) circle(ctx context.Context) (*place.Placement, circle, error) {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return nil, nil, err
	}
	return p, p.Ranking.(circle), nil
}
