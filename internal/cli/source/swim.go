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

// bindSwim declares the flags of the swim backend.
func bindSwim(o *member.Flags, c *cobra.Command) {
	const title = "Swim"
	term.AddGroup(c, title, o.DeclarePeers)
	aboutBackends(c, title, "swim")
}

// observerSource is a source that joins a cluster as an observer for each query.
type observerSource struct {
	join *member.Flags
	std  *term.Streams
}

func openSwim(ctx context.Context, o *Flags, std *term.Streams) (mapper.Mapper, error) {
	if err := o.swim.Parse(ctx, std); err != nil {
		return nil, err
	}
	o.swim.Name = "" // ignore SWIM_NAME, which is the name of a member
	return member.Limit(observerSource{&o.swim, std}), nil
}

// Nodes returns the nodes once the metadata of all available members is known,
// because it may contain their weights.
func (s observerSource) Nodes(ctx context.Context) ([]mapper.Node, error) {
	cfg, err := s.join.Observer(ctx, s.std, member.Log(s.std.Err, false))
	if err != nil {
		return nil, err
	}
	cfg.Timing.Gossip = member.BriefGossip
	cluster, err := swim.Join(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer member.Leave(cluster) //nolint:errcheck // an observer
	for range cluster.Events(ctx) {
		if !slices.ContainsFunc(cluster.Members(), member.WaitsForMetadata) {
			break
		}
	}
	return cluster.Nodes(ctx)
}
