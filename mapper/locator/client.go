package locator

import (
	"context"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Client asks one node of a network. It is safe for any number of goroutines
// and needs no closing unless CallConfig.Keep is set.
type Client struct{ *Caller }

// NewClient returns a client of the node at host:port. It connects only when
// called.
func NewClient(addr string, cfg CallConfig) *Client {
	return &Client{NewCaller(addr, cfg)}
}

// wire returns a generated client for one call: it keeps what it received, so
// two goroutines must not share it.
func (c *Client) wire() *wire.LocatorClient { return wire.NewLocatorClient(c.Caller) }

// Ping returns nil if the node answers.
func (c *Client) Ping(ctx context.Context) error { return c.wire().Ping(ctx) }

// ServiceType returns the name of the node's service, such as "locator.Locator".
func (c *Client) ServiceType(ctx context.Context) (string, error) { return c.wire().ServiceType(ctx) }

// ServiceTypes returns the names of all services the node implements, the most
// basic first.
func (c *Client) ServiceTypes(ctx context.Context) ([]string, error) {
	return c.wire().ServiceTypes(ctx)
}

// Debug asks the node to write its state to its log. One-way.
func (c *Client) Debug(ctx context.Context) error { return c.wire().Debug(ctx) }

// Die asks the node to leave and end. One-way; a Server obeys only if
// Config.AllowDie is set.
func (c *Client) Die(ctx context.Context) error { return c.wire().Die(ctx) }

// Join asks the node to make another one a member. One-way.
func (c *Client) Join(ctx context.Context, node mapper.Node) error {
	return c.wire().Join(ctx, locationOf(node))
}

// Add tells the node of a new member. The authorities know already and are not
// told by the chain of calls that this one starts. One-way.
func (c *Client) Add(ctx context.Context, node mapper.Node, authorities []mapper.Node) error {
	return c.wire().Add(ctx, locationOf(node), locationsOf(authorities))
}

// Remove tells the node that a member is gone. The authorities know already and
// are not told by the chain of calls that this one starts. One-way.
func (c *Client) Remove(ctx context.Context, node mapper.Node, authorities []mapper.Node) error {
	return c.wire().Remove(ctx, locationOf(node), locationsOf(authorities))
}

// Nodes returns the members that the node knows, sorted by name. It costs one
// call, or two to a node of 2009.
func (c *Client) Nodes(ctx context.Context) ([]mapper.Node, error) {
	locations, err := c.wire().GetAllWide(ctx)
	if isUnknownMethod(err) {
		return c.Nodes2009(ctx)
	}
	return nodesOf(locations, err)
}

// Nodes2009 is like Nodes with the call that a node of 2009 knows. A Server
// leaves the members out whose ports exceed 32767.
func (c *Client) Nodes2009(ctx context.Context) ([]mapper.Node, error) {
	return nodesOf(c.wire().GetAll(ctx))
}

// Owner returns the node that owns the key, as the node that is asked sees it.
// It costs one call, or two to a node of 2009.
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

// speaksWide reports whether the node knows members that 2009 cannot write.
func (c *Client) speaksWide(ctx context.Context) (bool, error) {
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

// nodesOf returns the nodes of an answer, sorted by name and each once. One
// location that makes no sense spoils the answer: half a network is worse than
// an error.
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
