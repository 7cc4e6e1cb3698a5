package locator

import (
	"context"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Client calls one node of a network. It is safe for concurrent use. Close it if
// [CallConfig.Keep] is set.
type Client struct{ *Caller }

// NewClient returns a client of the node at host:port. It connects on the first
// call.
func NewClient(addr string, cfg CallConfig) *Client {
	return &Client{NewCaller(addr, cfg)}
}

// wire returns a generated client for one call. A generated client holds state of
// the call, so goroutines cannot share it.
func (c *Client) wire() *wire.LocatorClient { return wire.NewLocatorClient(c.Caller) }

// Ping returns nil if the node answers.
func (c *Client) Ping(ctx context.Context) error { return c.wire().Ping(ctx) }

// ServiceType returns the name of the service of the node, such as "locator.Locator".
func (c *Client) ServiceType(ctx context.Context) (string, error) { return c.wire().ServiceType(ctx) }

// ServiceTypes returns the names of the services that the node implements, from the
// most basic to its own.
func (c *Client) ServiceTypes(ctx context.Context) ([]string, error) {
	return c.wire().ServiceTypes(ctx)
}

// Debug makes the node log its state. The call is one-way; a [Server] ignores it
// unless [Config.AllowDebug] is set.
func (c *Client) Debug(ctx context.Context) error { return c.wire().Debug(ctx) }

// Die makes the node leave and exit. The call is one-way; a [Server] ignores it
// unless [Config.AllowDie] is set.
func (c *Client) Die(ctx context.Context) error { return c.wire().Die(ctx) }

// Join makes another node a member of the network. The call is one-way.
func (c *Client) Join(ctx context.Context, node mapper.Node) error {
	return c.wire().Join(ctx, locationOf(node))
}

// Add adds a member at the node, which forwards the change to members that are not
// among the authorities. The call is one-way.
func (c *Client) Add(ctx context.Context, node mapper.Node, authorities []mapper.Node) error {
	return c.wire().Add(ctx, locationOf(node), locationsOf(authorities))
}

// Remove removes a member at the node, which forwards the change to members that
// are not among the authorities. The call is one-way.
func (c *Client) Remove(ctx context.Context, node mapper.Node, authorities []mapper.Node) error {
	return c.wire().Remove(ctx, locationOf(node), locationsOf(authorities))
}

// Nodes returns the members that the node knows, sorted by name. It makes one call,
// or two to a node of 2009.
func (c *Client) Nodes(ctx context.Context) ([]mapper.Node, error) {
	locations, err := c.wire().GetAllWide(ctx)
	if isUnknownMethod(err) {
		return c.Nodes2009(ctx)
	}
	return nodesOf(locations, err)
}

// Nodes2009 is like [Client.Nodes] but makes only the call of 2009. A [Server] omits
// members with ports above 32767 from its reply.
func (c *Client) Nodes2009(ctx context.Context) ([]mapper.Node, error) {
	return nodesOf(c.wire().GetAll(ctx))
}

// Owner returns the owner of the key as the node sees it. It makes one call, or two
// to a node of 2009.
func (c *Client) Owner(ctx context.Context, key string) (mapper.Node, error) {
	location, err := c.wire().GetNodeWide(ctx, key)
	if isUnknownMethod(err) {
		location, err = c.wire().GetNode(ctx, key)
	}
	if err != nil {
		return mapper.Node{}, err
	}
	return nodeOf(location)
}

// supportsWide reports whether the node supports ports above 32767.
func (c *Client) supportsWide(ctx context.Context) (bool, error) {
	_, err := c.wire().GetAllWide(ctx)
	if isUnknownMethod(err) {
		return false, nil
	}
	return err == nil, err
}

func locationsOf(nodes []mapper.Node) []*wire.Location {
	locations := make([]*wire.Location, len(nodes))
	for i, n := range nodes {
		locations[i] = locationOf(n)
	}
	return locations
}

// nodesOf returns the nodes of a reply, sorted by name and without duplicates. An
// invalid location is an error: a partial list would place keys wrongly.
func nodesOf(locations []*wire.Location, err error) ([]mapper.Node, error) {
	if err != nil {
		return nil, err
	}
	nodes := make([]mapper.Node, len(locations))
	for i, l := range locations {
		if nodes[i], err = nodeOf(l); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(nodes, byName)
	return slices.CompactFunc(nodes, sameName), nil
}

func byName(a, b mapper.Node) int { return strings.Compare(a.Name, b.Name) }

func sameName(a, b mapper.Node) bool { return a.Name == b.Name }

var _ mapper.Mapper = (*Client)(nil)
