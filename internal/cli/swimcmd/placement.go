package swimcmd

import (
	"context"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/mapper"
)

// placementCache keeps the placement until the nodes change. It builds one at a
// time: a build can take all processors for seconds, and gossip needs some.
type placementCache struct {
	nodes func(context.Context) ([]mapper.Node, error)
	build func([]mapper.Node) (*place.Placement, error)

	turn   chan struct{} // holds a value while a request uses the fields below
	kept   bool
	of     []mapper.Node
	placed *place.Placement
	err    error
}

func newPlacementCache(nodes func(context.Context) ([]mapper.Node, error), build func([]mapper.Node) (*place.Placement, error)) *placementCache {
	return &placementCache{nodes: nodes, build: build, turn: make(chan struct{}, 1)}
}

// get returns the placement on the present nodes, or nil if none of them can own
// keys. It waits while another request builds one.
func (c *placementCache) get(ctx context.Context) (*place.Placement, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	nodes, err := c.nodes(ctx)
	if err != nil {
		return nil, err
	}
	if !c.kept || !mapper.Equal(nodes, c.of) {
		c.kept, c.of = true, mapper.Clone(nodes)
		c.placed, c.err = nil, nil
		if place.AnyEligible(nodes) {
			c.placed, c.err = c.build(nodes)
		}
	}
	return c.placed, c.err
}
