package grpclb

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/balancer/endpointsharding"
	"google.golang.org/grpc/balancer/lazy"
	"google.golang.org/grpc/balancer/pickfirst"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/rules"
)

var logger = grpclog.Component("proxenos")

// NewBalancer returns a balancer that ranks nodes by what build makes of them, under
// the name by which a service config chooses it. build has the form that
// [mapper.Follow] takes: rendezvous.Build[mapper.Node], ring.Build[mapper.Node], or a
// function that returns any other [rules.Ranking]. Every channel calls it, for the
// first set of nodes and after each change. The balancer follows the ranking's
// Select method, if it has one, for the first node of a key.
//
// Register the builder while the program is initialized: balancer.Register is not safe
// for concurrent use.
func NewBalancer[R rules.Ranking[mapper.Node]](name string, build func([]mapper.Node) (R, error)) balancer.Builder {
	return &builder{name: name, build: func(nodes []mapper.Node) (rules.Ranking[mapper.Node], error) { return build(nodes) }}
}

// buildFunc ranks nodes.
type buildFunc func([]mapper.Node) (rules.Ranking[mapper.Node], error)

type builder struct {
	name  string
	build buildFunc
}

func (b *builder) Name() string { return b.name }

// ParseConfig returns a *Config.
func (b *builder) ParseConfig(js json.RawMessage) (serviceconfig.LoadBalancingConfig, error) {
	return parseConfig(js)
}

// Build returns the balancer of a channel. Each node is a pick_first balancer that
// connects when it is first picked.
func (b *builder) Build(cc balancer.ClientConn, opts balancer.BuildOptions) balancer.Balancer {
	l := &channel{ClientConn: cc, build: b.build}
	lazyPickFirst := func(cc balancer.ClientConn, opts balancer.BuildOptions) balancer.Balancer {
		return lazy.NewBalancer(cc, opts, balancer.Get(pickfirst.Name).Build)
	}
	l.endpoints = endpointsharding.NewBalancer(l, opts, lazyPickFirst, endpointsharding.Options{DisableAutoReconnect: true})
	return l
}

// channel is the balancer of one channel. It stands between gRPC and the balancers of
// the endpoints.
type channel struct {
	balancer.ClientConn // of the channel; UpdateState is that of *channel
	endpoints           balancer.Balancer
	build               buildFunc

	mu       sync.Mutex
	cfg      *Config
	fleet    *fleet                                 // nil before the first set
	children map[string]endpointsharding.ChildState // by address
	loads    *ring.Balancer[mapper.Node]            // nil without a bound
	bound    float64                                // of loads
	updating bool                                   // the endpoints change, and no picker is published
}

// UpdateClientConnState takes a set of nodes over. If it cannot be ranked, the last
// one stands.
func (c *channel) UpdateClientConnState(s balancer.ClientConnState) error {
	next, err := c.rank(s.ResolverState)
	if err != nil {
		logger.Warningf("%v; the last nodes stand, if there were any", err)
		c.ResolverError(err)
		return err
	}
	cfg, _ := s.BalancerConfig.(*Config)
	if cfg == nil {
		cfg = &Config{MissingKey: fail}
	}
	c.mu.Lock()
	c.cfg, c.fleet, c.updating = cfg, next, true
	c.mu.Unlock()
	err = c.endpoints.UpdateClientConnState(balancer.ClientConnState{
		ResolverState: pickfirst.EnableHealthListener(s.ResolverState),
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.updating = false
	c.publish()
	return err
}

// rank returns the fleet of a state, the current one if its nodes are the same.
func (c *channel) rank(s resolver.State) (*fleet, error) {
	members, err := membersOf(s)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	current := c.fleet
	c.mu.Unlock()
	if current != nil && current.holds(members) {
		return current, nil
	}
	return newFleet(members, c.build)
}

// ResolverError fails calls while there are no nodes, and changes nothing otherwise.
func (c *channel) ResolverError(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fleet == nil || len(c.fleet.members) == 0 {
		c.fail(fmt.Errorf("no nodes to choose from: %w", err))
	}
}

// UpdateState takes over what the endpoints say of their connections.
func (c *channel) UpdateState(s balancer.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.children = make(map[string]endpointsharding.ChildState)
	for _, child := range endpointsharding.ChildStatesFromPicker(s.Picker) {
		c.children[child.Endpoint.Addresses[0].Addr] = child
	}
	if !c.updating {
		c.publish()
	}
}

// publish gives the channel a picker. The caller holds mu.
func (c *channel) publish() {
	if c.fleet == nil {
		return
	}
	if len(c.fleet.members) == 0 {
		c.fail(errors.New("no nodes to choose from: the source has none"))
		return
	}
	conns := c.fleet.connections(c.children)
	p := &picker{cfg: c.cfg, live: live{c.fleet.ranking, conns}}
	p.loads = c.bounded(p.live)
	state := conns.aggregate()
	if state == connectivity.TransientFailure || state == connectivity.Connecting {
		conns.connectOne()
	}
	c.ClientConn.UpdateState(balancer.State{ConnectivityState: state, Picker: p})
}

// fail gives the channel a picker that fails every call.
func (c *channel) fail(err error) {
	c.ClientConn.UpdateState(balancer.State{
		ConnectivityState: connectivity.TransientFailure,
		Picker:            base.NewErrPicker(err),
	})
}

// bounded returns the balancer of loads for the nodes that can be reached, or nil
// without a bound. Calls in progress keep their leases.
func (c *channel) bounded(l live) *ring.Balancer[mapper.Node] {
	if c.cfg.Bound == 0 {
		c.loads, c.bound = nil, 0
		return nil
	}
	var err error
	if c.loads == nil || c.bound != c.cfg.Bound {
		c.bound = c.cfg.Bound
		c.loads, err = ring.NewBalancer[mapper.Node](l, ring.BalancerConfig[mapper.Node]{
			ID: mapper.Node.ID, Capacity: mapper.Node.Capacity, Bound: c.bound,
		})
	} else {
		err = c.loads.Update(l)
	}
	if err != nil {
		logger.Warningf("bounding loads: %v", err)
	}
	return c.loads
}

// UpdateSubConnState is not called: the endpoints' connections have listeners.
func (c *channel) UpdateSubConnState(balancer.SubConn, balancer.SubConnState) {}

// ExitIdle connects to every node that calls can go to.
func (c *channel) ExitIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fleet != nil {
		c.fleet.connections(c.children).connectAll()
	}
}

// Close closes all connections once the calls on them have ended.
func (c *channel) Close() { c.endpoints.Close() }
