package consul

import (
	"testing"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/mapper"
)

// neighborhood registers an instance in every state that Consul knows, all on
// the agent's node but two.
func neighborhood(t *testing.T) *consultest.Server {
	t.Helper()
	agent := consultest.Start(t, consultest.Options{Node: "here"})
	agent.Register(
		consultest.Instance{Service: "web", ID: "passing", Address: "10.0.0.1", Port: 8001,
			Tags: []string{"v1", "blue"}, Meta: map[string]string{"zone": "z1", "build": "7"}},
		consultest.Instance{Service: "web", ID: "weighted", Port: 8002, Weights: &api.AgentWeights{Passing: 5, Warning: 2}},
		consultest.Instance{Service: "web", ID: "warning", Port: 8003, Status: "warning", Weights: &api.AgentWeights{Passing: 5, Warning: 2}},
		consultest.Instance{Service: "web", ID: "drained", Port: 8004, Status: "warning", Weights: &api.AgentWeights{Passing: 5, Warning: 0}},
		consultest.Instance{Service: "web", ID: "critical", Port: 8005, Status: "critical"},
		consultest.Instance{Service: "web", ID: "maintained", Port: 8006},
		consultest.Instance{Service: "web", ID: "passing", Port: 8001, Node: "there", NodeAddress: "10.0.0.2",
			NodeMeta: map[string]string{"zone": "z2", "rack": "r2"}},
		consultest.Instance{Service: "web", ID: "on-sick-node", Port: 8007, Node: "sick", NodeStatus: "critical"},
		consultest.Instance{Service: "api", ID: "api", Address: "2001:db8::1", Port: 9000},
	)
	agent.Maintain("maintained", true)
	return agent
}

func TestNodesOfOneService(t *testing.T) {
	t.Parallel()
	agent := neighborhood(t)
	tests := []struct {
		name   string
		change func(*Config)
		want   []string
		reason string
	}{
		{"default", nil, []string{"here/passing", "here/weighted", "there/passing"},
			"warning, critical, maintenance and a sick node do not count"},
		{"passing", func(c *Config) { c.Health = HealthPassing }, []string{"here/passing", "here/weighted", "there/passing"}, "the default"},
		{"warning", func(c *Config) { c.Health = HealthWarning },
			[]string{"here/drained", "here/passing", "here/warning", "here/weighted", "there/passing"}, "critical and maintenance do not count"},
		{"any", func(c *Config) { c.Health = HealthAny },
			[]string{"here/critical", "here/drained", "here/maintained", "here/passing", "here/warning", "here/weighted", "sick/on-sick-node", "there/passing"},
			"all"},
		{"catalog", func(c *Config) { c.Catalog = true },
			[]string{"here/critical", "here/drained", "here/maintained", "here/passing", "here/warning", "here/weighted", "sick/on-sick-node", "there/passing"},
			"the catalog knows no health"},
		{"filter", func(c *Config) { c.Filter = `Service.Meta.build == "7"` }, []string{"here/passing"}, "by the service's metadata"},
		{"filter by tag", func(c *Config) { c.Filter = `"blue" in Service.Tags` }, []string{"here/passing"}, "by membership"},
		{"filter in the catalog", func(c *Config) { c.Catalog, c.Filter = true, `ServiceMeta.build == "7"` }, []string{"here/passing"}, "the catalog has selectors of its own"},
		{"node metadata", func(c *Config) { c.NodeMeta = map[string]string{"rack": "r2"} }, []string{"there/passing"}, ""},
		{"two of node metadata", func(c *Config) { c.NodeMeta = map[string]string{"rack": "r2", "zone": "z1"} }, []string{}, "all must match"},
		{"near", func(c *Config) { c.Near = "_agent" }, []string{"here/passing", "here/weighted", "there/passing"}, "sorted by name nonetheless"},
		{"datacenter", func(c *Config) { c.Datacenter = "dc1" }, []string{"here/passing", "here/weighted", "there/passing"}, "the agent's own"},
		{"stale", func(c *Config) { c.Consistency = ConsistencyStale }, []string{"here/passing", "here/weighted", "there/passing"}, ""},
		{"consistent", func(c *Config) { c.Consistency = ConsistencyConsistent }, []string{"here/passing", "here/weighted", "there/passing"}, ""},
		{"cached", func(c *Config) { c.Consistency = ConsistencyCached }, []string{"here/passing", "here/weighted", "there/passing"}, ""},
		{"by address", func(c *Config) { c.Identity = IdentityAddress }, []string{"10.0.0.1:8001", "10.0.0.2:8001", "127.0.0.1:8002"}, ""},
		{"by metadata", func(c *Config) { c.Identity, c.Filter = IdentityMeta("build"), `"build" in Service.Meta` }, []string{"7"}, ""},
		{"by node metadata", func(c *Config) { c.Identity, c.NodeMeta = IdentityMeta("rack"), map[string]string{"rack": "r2"} }, []string{"r2"},
			"the node's metadata comes after the service's"},
		{"unknown service", func(c *Config) { c.Service = "absent" }, []string{}, "an answer, not an error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, names(nodesOf(t, of(t, agent, tt.change))), tt.reason)
		})
	}
}

func TestNodesContent(t *testing.T) {
	t.Parallel()
	agent := neighborhood(t)
	byName := map[string]mapper.Node{}
	for _, n := range nodesOf(t, of(t, agent, func(c *Config) { c.Health = HealthAny })) {
		byName[n.Name] = n
	}
	require.Equal(t, mapper.Node{
		Name: "here/passing", Addr: "10.0.0.1:8001", Weight: 1, Zone: "z1", Tags: []string{"v1", "blue"},
		Meta: map[string]string{"zone": "z1", "build": "7", MetaService: "web", MetaNode: "here", MetaStatus: "passing"},
	}, byName["here/passing"])
	require.Equal(t, "10.0.0.2:8001", byName["there/passing"].Addr, "the node's address, as the service has none")
	require.Equal(t, "z2", byName["there/passing"].Zone, "the node's zone, as the service has none")
	require.Equal(t, "127.0.0.1:8002", byName["here/weighted"].Addr)
	require.EqualValues(t, 5, byName["here/weighted"].Capacity())
	require.EqualValues(t, 2, byName["here/warning"].Capacity(), "the weight for a warning")
	require.True(t, byName["here/drained"].Drain, "the weight 0 for a warning")
	require.EqualValues(t, 0, byName["here/drained"].Capacity())
	require.Equal(t, "maintenance", byName["here/maintained"].Meta[MetaStatus])
	require.Equal(t, "critical", byName["sick/on-sick-node"].Meta[MetaStatus], "a node's checks count for its instances")
}

func TestNodesOfEveryService(t *testing.T) {
	t.Parallel()
	agent := neighborhood(t)
	agent.Register(consultest.Instance{Service: "a/b", ID: "slash", Port: 2})
	const evil = "../../agent/self"
	require.NoError(t, agent.Client().Agent().ServiceRegister(&api.AgentServiceRegistration{Name: evil}))
	require.Eventually(t, func() bool {
		services, _, err := agent.Client().Catalog().Services(nil)
		return err == nil && len(services) == 5
	}, patience, tick, "Consul takes such a name")
	for _, catalog := range []bool{false, true} {
		nodes := nodesOf(t, open(t, Config{Addr: agent.Addr, Catalog: catalog}))
		services := map[string]int{}
		for _, n := range nodes {
			services[n.Meta[MetaService]]++
		}
		require.Equal(t, 1, services["api"])
		require.Equal(t, 1, services["a/b"], "a slash is part of a name")
		require.Equal(t, 1, services["consul"], "Consul registers itself")
		require.Zero(t, services[evil], "its name would ask for something else")
		require.Equal(t, map[bool]int{false: 3, true: 8}[catalog], services["web"])
		require.IsIncreasing(t, names(nodes))
	}
}

func TestNodesInMaintenanceOfTheNode(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	agent.Register(consultest.Instance{Service: "web", Port: 80})
	source := of(t, agent, nil)
	require.Len(t, nodesOf(t, source), 1)
	agent.MaintainNode(true)
	require.Eventually(t, func() bool { return len(nodesOf(t, source)) == 0 }, patience, tick)
	agent.MaintainNode(false)
	require.Eventually(t, func() bool { return len(nodesOf(t, source)) == 1 }, patience, tick)
}

// TestNewestRegistrationStands registers one address under two IDs, as a
// restarted program with a random ID does.
func TestNewestRegistrationStands(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	agent.Register(consultest.Instance{Service: "web", ID: "z-old", Address: "10.0.0.1", Port: 80, Meta: map[string]string{"zone": "old"}})
	agent.Register(consultest.Instance{Service: "web", ID: "a-new", Address: "10.0.0.1", Port: 80, Meta: map[string]string{"zone": "new"}})
	nodes := nodesOf(t, of(t, agent, func(c *Config) { c.Identity = IdentityAddress }))
	require.Len(t, nodes, 1)
	require.Equal(t, "new", nodes[0].Zone)
	require.Len(t, nodesOf(t, of(t, agent, nil)), 2, "they are two instances")
}

func TestIdentityMissing(t *testing.T) {
	t.Parallel()
	agent := neighborhood(t)
	_, err := of(t, agent, func(c *Config) { c.Identity = IdentityMeta("build") }).Nodes(t.Context())
	require.ErrorIs(t, err, ErrIdentity)
	require.Regexp(t, `instance "(here/weighted|there/passing)" has no metadata "build", and neither has its node`, err.Error())
}

func TestExplain(t *testing.T) {
	t.Parallel()
	agent := neighborhood(t)
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"unknown", func(c *Config) { c.Service = "absent" }, `Consul knows no service "absent"`},
		{"filtered", func(c *Config) { c.Filter = `Service.Port == 1` }, `instances of service "web" registered: 8, but none has the health "passing" and matches the filter "Service.Port == 1"`},
		{"node metadata", func(c *Config) { c.Health, c.NodeMeta = HealthAny, map[string]string{"a": "b"} }, `instances of service "web" registered: 8, but none is on a node with the metadata asked for`},
		{"every service", func(c *Config) { c.Service, c.Filter = "", `Service.Port == 1` }, `services registered: 3, but none has the health "passing" and matches the filter "Service.Port == 1"`},
		{"race", func(c *Config) { c.Catalog = true }, `instances of service "web" registered: 8, all of them since the query before`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := of(t, agent, tt.change).Explain(t.Context())
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

// TestUnusableInstances registers a usable instance and some that Consul accepts
// and nothing can reach: the usable one stands, and the set is partial.
func TestUnusableInstances(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{Node: "here"})
	agent.Register(consultest.Instance{Service: "web", ID: "well", Address: "10.0.0.1", Port: 80})
	for id, s := range map[string]api.AgentService{
		"port":  {Address: "10.0.0.2", Port: 99999},
		"blank": {Address: "10.0.0.3 ", Port: 80},
		"feed":  {Address: "10.0.0.4\n", Port: 80},
		"tag":   {Address: "10.0.0.5", Port: 80, Tags: []string{"a\x1b[31m"}},
	} {
		s.Service, s.ID = "web", id
		_, err := agent.Client().Catalog().Register(&api.CatalogRegistration{Node: "there", Address: "10.0.0.9", Service: &s}, nil)
		require.NoError(t, err, "Consul accepts it")
	}
	source := of(t, agent, nil)
	check := func(u mapper.Update) {
		t.Helper()
		require.NoError(t, u.Err)
		require.Equal(t, []string{"here/well"}, names(u.Nodes))
		require.Len(t, u.Skipped, 4)
		for _, want := range []string{
			`instance "there/port": address "10.0.0.2:99999": port "99999" must be a number from 1 to 65535`,
			`instance "there/blank": address "10.0.0.3 :80": it holds a blank`,
			`instance "there/feed": address "10.0.0.4\n:80": holds the control character U+000A`,
			`instance "there/tag": tag "a\x1b[31m": holds the control character U+001B`,
		} {
			require.ErrorContains(t, u.Partial(), want)
		}
	}
	u, err := source.Ask(t.Context())
	require.NoError(t, err)
	check(u)
	_, err = source.Nodes(t.Context())
	var partial *mapper.PartialError
	require.ErrorAs(t, err, &partial)
	for u := range source.Watch(t.Context()) {
		check(u)
		break
	}
}
