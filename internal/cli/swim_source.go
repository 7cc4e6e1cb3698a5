package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim"
)

// bindSource declares the flags of a command that asks a cluster for nodes.
func (o *swimOptions) bindSource(c *cobra.Command) {
	const title = "Swim"
	addGroup(c, title, o.declarePeers)
	aboutBackends(c, title, "swim")
	o.completeTiming(c)
}

// onlooker is a source that joins a cluster as an observer, looks and leaves.
type onlooker struct {
	join *swimOptions
	std  *streams
}

func openSwim(o *sourceOptions, std *streams) (mapper.Mapper, error) {
	if err := o.swim.parse(std); err != nil {
		return nil, err
	}
	o.swim.name = "" // SWIM_NAME is a member's own; looking needs no name
	return onlooker{&o.swim, std}, nil
}

// Nodes returns the nodes once the metadata of everybody online is known: it
// may hold their weights.
func (l onlooker) Nodes(ctx context.Context) ([]mapper.Node, error) {
	cfg, err := l.join.observer(ctx, l.std, swimLog(l.std.Err, false))
	if err != nil {
		return nil, err
	}
	cfg.Timing.Gossip = briefGossip
	cluster, err := swim.Join(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer leave(cluster) //nolint:errcheck // it was only here to look
	for range cluster.Events(ctx) {
		if !slices.ContainsFunc(cluster.Members(), waitsForMetadata) {
			break
		}
	}
	return cluster.Nodes(ctx)
}
