package figures

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// circle is what a ring shows of itself beside owners.
type circle interface {
	Points() iter.Seq2[uint64, int]
	Shares() iter.Seq2[int, float64]
}

// ringOptions say which circle to look at, and how to write what is seen.
type ringOptions struct {
	std       *term.Streams
	source    source.Flags
	placement place.Flags
}

func NewRing(std *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "ring points | shares",
		Short: "Look at the points of a ring and at the shares of its nodes",
		Long:  "Look at what a ring places keys by, for when two programs disagree or a node has too much.",
		Example: `  proxenos ring shares -n a -n b -n c
  proxenos ring points -a ketama -n 10.0.0.1:11211 -n 10.0.0.2:11211`,
		Args: cobra.ArbitraryArgs,
		RunE: term.RefuseCommand,
	}
	c.AddCommand(newRingPoints(std), newRingShares(std))
	return c
}

// bind declares the flags of the options on a command.
func (o *ringOptions) bind(c *cobra.Command) {
	o.placement.Bind(c, place.Rings)
	o.source.Bind(c)
}

// parse checks what the flags do not check by themselves.
func (o *ringOptions) parse(c *cobra.Command) error {
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	return o.source.Parse(c)
}

// circle asks the source and makes the ring.
func (o *ringOptions) circle(ctx context.Context) (*place.Placement, circle, error) {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return nil, nil, err
	}
	return p, p.Ranking.(circle), nil
}
