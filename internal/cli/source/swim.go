package source

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim"
)

// bindSwim declares the flags of a command that asks a cluster for nodes.
func bindSwim(o *member.Flags, c *cobra.Command) {
	const title = "Swim"
	term.AddGroup(c, title, o.DeclarePeers)
	aboutBackends(c, title, "swim")
	o.CompleteTiming(c)
}

// onlooker is a source that joins a cluster as an observer, looks and leaves.
type onlooker struct {
	join *member.Flags
	std  *term.Streams
}

func openSwim(o *Flags, std *term.Streams) (mapper.Mapper, error) {
	if err := o.swim.Parse(std); err != nil {
		return nil, err
	}
	o.swim.Name = "" // SWIM_NAME is a member's own; looking needs no name
	return onlooker{&o.swim, std}, nil
}

// Nodes returns the nodes once the metadata of everybody online is known: it
// may hold their weights.
func (l onlooker) Nodes(ctx context.Context) ([]mapper.Node, error) {
	cfg, err := l.join.Observer(ctx, l.std, member.Log(l.std.Err, false))
	if err != nil {
		return nil, err
	}
	cfg.Timing.Gossip = member.BriefGossip
	cluster, err := swim.Join(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer member.Leave(cluster) //nolint:errcheck // it was only here to look
	for range cluster.Events(ctx) {
		if !slices.ContainsFunc(cluster.Members(), member.WaitsForMetadata) {
			break
		}
	}
	return cluster.Nodes(ctx)
}
