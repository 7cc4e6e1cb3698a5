package consul

import (
	"maps"
	"net"
	"strconv"
	"testing"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
)

func TestConformance(t *testing.T) {
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		agent := consultest.Start(t, consultest.Options{Node: "here"})
		p := &publisher{agent: agent}
		return mappertest.Source{
			Mapper: of(t, agent, nil), Publish: p.publish, PublishBroken: p.publishBroken, Want: asConsulReports, Settle: patience,
		}
	})
}

// publisher makes an agent hold exactly some nodes.
type publisher struct {
	agent     *consultest.Server
	published map[string]mapper.Node
}

func (p *publisher) publish(_ testing.TB, nodes []mapper.Node) {
	next := map[string]mapper.Node{}
	for _, n := range nodes {
		next[n.Name] = n
		if before, ok := p.published[n.Name]; !ok || !before.Equal(n) {
			p.agent.Register(registration(n))
		}
	}
	for name := range p.published {
		if _, ok := next[name]; !ok {
			p.agent.Deregister("web", name)
		}
	}
	p.published = next
}

func registration(n mapper.Node) consultest.Instance {
	host, port := splitAddr(n.Addr)
	meta := maps.Clone(n.Meta)
	meta["zone"] = n.Zone
	i := consultest.Instance{Service: "web", ID: n.Name, Address: host, Port: port, Tags: n.Tags, Meta: meta}
	if n.Weight > 0 {
		i.Weights = &api.AgentWeights{Passing: int(n.Weight), Warning: 1}
	}
	return i
}

// publishBroken adds an instance with a port that Consul accepts and no host has.
func (p *publisher) publishBroken(t testing.TB, nodes []mapper.Node) {
	p.publish(t, nodes)
	_, err := p.agent.Client().Catalog().Register(&api.CatalogRegistration{
		Node: "there", Address: "10.0.0.9", Service: &api.AgentService{Service: "web", ID: "broken", Port: 99999},
	}, nil)
	require.NoError(t, err)
}

func splitAddr(addr string) (host string, port int) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err) // the suite's own addresses
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return host, port
}

// asConsulReports returns what a registered node looks like: named by its instance,
// its zone in the metadata too, and the weight 1 that Consul fills in.
func asConsulReports(nodes []mapper.Node) []mapper.Node {
	for i := range nodes {
		n := &nodes[i]
		n.Name = "here/" + n.Name
		n.Weight = n.Capacity()
		n.Meta["zone"] = n.Zone
		n.Meta[MetaService], n.Meta[MetaNode], n.Meta[MetaStatus] = "web", "here", "passing"
	}
	return nodes
}
