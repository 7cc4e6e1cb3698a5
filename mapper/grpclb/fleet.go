package grpclb

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/balancer/endpointsharding"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring/rules"
)

// member is a node with the address by which the balancer knows its endpoint.
type member struct {
	node    mapper.Node
	address string
}

func (m member) equal(o member) bool { return m.address == o.address && m.node.Equal(o.node) }

// errProxy says why the endpoints have lost the nodes that the resolver gave them.
var errProxy = errors.New("the channel goes through an HTTP proxy, which hides the nodes; pass grpc.WithNoProxy to grpc.NewClient")

// membersOf returns the members of a resolver's state.
func membersOf(s resolver.State) ([]member, error) {
	var members []member
	for _, e := range s.Endpoints {
		if len(e.Addresses) == 0 {
			return nil, errors.New("an endpoint has no address")
		}
		m := member{address: e.Addresses[0].Addr}
		var known bool
		if m.node, known = NodeOf(e); !known {
			if s.Attributes.Value(markKey{}) != nil {
				return nil, errProxy
			}
			m.node = mapper.Node{Name: m.address}
			if slices.ContainsFunc(members, m.equal) {
				continue // some resolvers repeat addresses
			}
		}
		members = append(members, m)
	}
	return members, nil
}

// fleet is a ranked set of nodes. It is immutable.
type fleet struct {
	members []member
	ranking rules.Ranking[mapper.Node]
	// ranked holds the members that the ranking yields, by name: not the drained
	// ones.
	ranked map[string]member
	names  []string // of ranked, sorted
}

func newFleet(members []member, build buildFunc) (*fleet, error) {
	nodes := make([]mapper.Node, len(members))
	byName := make(map[string]member, len(members))
	for i, m := range members {
		nodes[i] = m.node.Clone()
		byName[m.node.Name] = m
	}
	ranking, err := build(nodes)
	if err != nil {
		return nil, fmt.Errorf("ranking %d nodes: %w", len(nodes), err)
	}
	f := &fleet{members: members, ranking: ranking, ranked: make(map[string]member, len(members))}
	for n := range ranking.Rank("") {
		m, known := byName[n.Name]
		if !known {
			return nil, fmt.Errorf("the ranking holds a node %q that is not among the %d nodes it was built from", n.Name, len(nodes))
		}
		f.ranked[n.Name] = m
		f.names = append(f.names, n.Name)
	}
	slices.Sort(f.names)
	return f, nil
}

// holds reports whether the fleet has exactly these members.
func (f *fleet) holds(members []member) bool {
	return slices.EqualFunc(f.members, members, member.equal)
}

// connections returns the connections of the ranked nodes.
func (f *fleet) connections(children map[string]endpointsharding.ChildState) *connections {
	c := &connections{fleet: f, byName: make(map[string]endpointsharding.ChildState, len(f.ranked))}
	for name, m := range f.ranked {
		child, known := children[m.address]
		if !known { // gRPC drops an endpoint that has the same addresses as another
			child = unconnected
		}
		c.byName[name] = child
	}
	return c
}

var unconnected = endpointsharding.ChildState{State: balancer.State{
	ConnectivityState: connectivity.TransientFailure,
	Picker:            base.NewErrPicker(errors.New("another endpoint has the same addresses")),
}}

// connections holds the connections of a fleet's ranked nodes at one moment.
type connections struct {
	fleet  *fleet
	byName map[string]endpointsharding.ChildState
}

func (c *connections) state(name string) connectivity.State {
	return c.byName[name].State.ConnectivityState
}

// failing reports whether the last attempt to connect to the node failed.
func (c *connections) failing(n mapper.Node) bool {
	return c.state(n.Name) == connectivity.TransientFailure
}

// aggregate returns the state of the channel, by the rules of gRFC A42: a second
// failing node makes it TRANSIENT_FAILURE, because calls are then sent to a third.
func (c *connections) aggregate() connectivity.State {
	var count [connectivity.Shutdown + 1]int
	for _, child := range c.byName {
		count[child.State.ConnectivityState]++
	}
	switch failing := count[connectivity.TransientFailure]; {
	case count[connectivity.Ready] > 0:
		return connectivity.Ready
	case failing > 1:
		return connectivity.TransientFailure
	case count[connectivity.Connecting] > 0, failing == 1 && len(c.byName) > 1:
		return connectivity.Connecting
	case count[connectivity.Idle] > 0:
		return connectivity.Idle
	default:
		return connectivity.TransientFailure
	}
}

// connectOne connects to an idle node unless a connection is being made, so that a
// channel that has failed recovers without calls.
func (c *connections) connectOne() {
	var connect func()
	for _, name := range c.fleet.names {
		switch child := c.byName[name]; child.State.ConnectivityState {
		case connectivity.Connecting:
			return
		case connectivity.Idle:
			if connect == nil {
				connect = child.ExitIdle
			}
		}
	}
	if connect != nil {
		connect()
	}
}

// connectAll connects to every idle node.
func (c *connections) connectAll() {
	for name, child := range c.byName {
		if c.state(name) == connectivity.Idle {
			child.ExitIdle()
		}
	}
}
