package consul

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

func TestStatusOf(t *testing.T) {
	tests := []struct {
		name   string
		checks []string
		want   string
	}{
		{"no checks", nil, "passing"},
		{"all pass", []string{"passing", "passing"}, "passing"},
		{"the worst counts", []string{"passing", "critical", "warning"}, "critical"},
		{"warning", []string{"passing", "warning"}, "warning"},
		{"unheard of", []string{"passing", "sleepy"}, "critical"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &api.ServiceEntry{}
			for _, status := range tt.checks {
				e.Checks = append(e.Checks, &api.HealthCheck{Status: status}, nil)
			}
			require.Equal(t, tt.want, statusOf(e))
		})
	}
}

func TestWeigh(t *testing.T) {
	tests := []struct {
		name    string
		weights api.AgentWeights
		status  string
		want    float64
	}{
		{"passing", api.AgentWeights{Passing: 10, Warning: 3}, "passing", 10},
		{"warning", api.AgentWeights{Passing: 10, Warning: 3}, "warning", 3},
		{"critical counts like passing where it counts at all", api.AgentWeights{Passing: 10, Warning: 3}, "critical", 10},
		{"a weight of 0 for warnings drains", api.AgentWeights{Passing: 10}, "warning", 0},
		{"none registered", api.AgentWeights{}, "passing", 1},
		{"none registered, warning", api.AgentWeights{}, "warning", 1},
		{"negative is refused by Consul, and none here", api.AgentWeights{Passing: -3, Warning: 1}, "passing", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var n mapper.Node
			weigh(&n, tt.weights, tt.status)
			require.Equal(t, tt.want, n.Capacity())
		})
	}
}

func TestAddressOf(t *testing.T) {
	tests := []struct {
		name          string
		service, node string
		port          int
		want          string
	}{
		{"the service's", "10.0.0.1", "10.0.0.9", 80, "10.0.0.1:80"},
		{"the node's", "", "10.0.0.9", 80, "10.0.0.9:80"},
		{"IPv6 in brackets", "2001:DB8::1", "", 80, "[2001:db8::1]:80"},
		{"IPv6 in brackets already", "[2001:db8::1]", "", 80, "[2001:db8::1]:80"},
		{"IPv4-mapped IPv6", "::ffff:10.0.0.1", "", 80, "10.0.0.1:80"},
		{"IPv6 with a zone", "fe80::1%eth0", "", 80, "[fe80::1%eth0]:80"},
		{"a name in one spelling", "Web.Example.COM.", "", 80, "web.example.com:80"},
		{"without a port", "10.0.0.1", "", 0, "10.0.0.1"},
		{"IPv6 without a port", "::1", "", 0, "[::1]"},
		{"IPv6 with a zone and without a port", "[fe80::1%eth0]", "", 0, "[fe80::1%eth0]"},
		{"a node's IPv6 without a port", "", "2001:DB8::1", 0, "[2001:db8::1]"},
		{"IPv4-mapped IPv6 without a port", "::ffff:10.0.0.1", "", 0, "10.0.0.1"},
		{"nowhere", "", "", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &api.ServiceEntry{Node: &api.Node{Address: tt.node}, Service: &api.AgentService{Address: tt.service, Port: tt.port}}
			require.Equal(t, tt.want, addressOf(e))
		})
	}
}

// TestInstanceNamesAreDistinct has node a/b with instance c, and node a with b/c.
func TestInstanceNamesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, node := range []string{"a", "a/b", "a%2Fb", "a%"} {
		for _, id := range []string{"c", "b/c", "2Fb/c"} {
			name := instanceName(consultest.Entry(node, id, "", 0, "passing"))
			require.False(t, seen[name], "%q", name)
			seen[name] = true
		}
	}
	require.True(t, seen["a/c"], "ordinary names stay as they are")
}

func TestMetadataCannotClash(t *testing.T) {
	e := consultest.Entry("n", "a", "10.0.0.1", 80, "passing")
	e.Service.Meta = map[string]string{MetaService: "forged", "k": "v"}
	members, err := Config{}.withDefaults().members([]*api.ServiceEntry{e})
	require.NoError(t, err)
	require.Equal(t, map[string]string{MetaService: "web", MetaNode: "n", MetaStatus: "passing", "k": "v"}, members[0].Meta)
	require.Equal(t, "forged", e.Service.Meta[MetaService], "the answer itself is not touched")
}

func TestZoneOf(t *testing.T) {
	e := consultest.Entry("n", "a", "10.0.0.1", 80, "passing")
	c := Config{ZoneKey: "rack"}
	require.Empty(t, c.zoneOf(e))
	e.Node.Locality = &api.Locality{Zone: "node's locality"}
	require.Equal(t, "node's locality", c.zoneOf(e))
	e.Service.Locality = &api.Locality{Zone: "service's locality"}
	require.Equal(t, "service's locality", c.zoneOf(e))
	e.Node.Meta = map[string]string{"rack": "node's", "zone": "another key"}
	require.Equal(t, "node's", c.zoneOf(e))
	e.Service.Meta = map[string]string{"rack": "service's"}
	require.Equal(t, "service's", c.zoneOf(e))
}

func TestDomainOf(t *testing.T) {
	c := Config{}.withDefaults()
	for _, tt := range []struct{ service, node, want string }{
		{"", "", ""},
		{"", "eu/eu-1/r2", "eu/eu-1/r2"},
		{"us/us-1/r1", "eu/eu-1/r2", "us/us-1/r1"},
		{"http://example.com", "", ""},
	} {
		e := consultest.Entry("n", "a", "10.0.0.1", 80, "passing")
		e.Service.Meta, e.Node.Meta = map[string]string{DomainKey: tt.service}, map[string]string{DomainKey: tt.node}
		m, err := c.member(e, "passing")
		require.NoError(t, err)
		require.Equal(t, tt.want, m.Domain)
		require.Equal(t, tt.service, m.Meta[DomainKey], "the metadata stays")
	}
}

// FuzzMembers turns whatever an agent could send into nodes that every
// algorithm accepts, or into an error.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`[null]`, `[{}]`, `[{"Node":null,"Service":{}}]`, `[{"Node":{},"Service":{}}]`,
		`[{"Node":{"Node":"n"},"Service":{"ID":"a","Port":-1,"Weights":{"Passing":-9223372036854775808}}}]`,
		`[{"Node":{"Node":"n","Meta":{"k":"v"}},"Service":{"ID":"a","Address":"[::1","Port":99999},"Checks":[null,{"Status":"?"}]}]`,
	} {
		f.Add([]byte(seed), "", "any")
		f.Add([]byte(seed), "address", "passing")
		f.Add([]byte(seed), "meta:k", "warning")
	}
	f.Fuzz(func(t *testing.T, body []byte, identity, health string) {
		var entries []*api.ServiceEntry
		if json.Unmarshal(body, &entries) != nil {
			return
		}
		c := Config{Identity: Identity(identity), Health: Health(health)}
		if c.check() != nil {
			return
		}
		c = c.withDefaults()
		members, err := c.members(entries)
		if err != nil {
			require.ErrorIs(t, err, ErrIdentity)
			return
		}
		seen := map[string]bool{}
		nodes, skipped := c.nodes(members)
		require.LessOrEqual(t, len(nodes)+len(skipped), len(members))
		_, err = static.New(nodes)
		require.NoError(t, err, "a list can hold them")
		for _, n := range nodes {
			require.False(t, seen[n.Name], "%q twice", n.Name)
			seen[n.Name] = true
			require.NotEmpty(t, n.Name)
			require.GreaterOrEqual(t, n.Capacity(), 0.0)
			require.False(t, math.IsNaN(n.Capacity()) || math.IsInf(n.Capacity(), 0))
		}
	})
}

// TestEmptyRecordsMakeThePartialSet: what is no instance at all is counted too.
func TestEmptyRecordsMakeThePartialSet(t *testing.T) {
	t.Parallel()
	const good = `{"Node":{"Node":"n"},"Service":{"ID":"a","Service":"web"}}`
	for _, bad := range []string{`null`, `{}`, `{"Node":null,"Service":{"ID":"b"}}`, `{"Node":{"Node":"n"},"Service":null}`} {
		fake := consultest.NewFake(consultest.Replies(consultest.Reply{Index: 1, Text: "[" + good + "," + bad + "]"}))
		u, err := open(t, Config{Addr: fake.Serve(t), Service: "web"}).Ask(t.Context())
		require.NoError(t, err, bad)
		require.Equal(t, []string{"n/a"}, names(u.Nodes), bad)
		require.EqualError(t, u.Partial(), "the set is partial, records left out: 1: an instance without a node or a service", bad)
	}
	fake := consultest.NewFake(consultest.Replies(consultest.Reply{Index: 1, Text: `[{"Node":"n","ServiceID":"a","ServiceName":"web"},null]`}))
	u, err := open(t, Config{Addr: fake.Serve(t), Service: "web", Catalog: true}).Ask(t.Context())
	require.NoError(t, err)
	require.Len(t, u.Nodes, 1)
	require.Len(t, u.Skipped, 1)
}
