package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/mapper"
)

// TestConsul asks the DNS interface of a real agent.
func TestConsul(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{Node: "n1"})
	source := &SRV{Name: "web.service.consul", Server: agent.DNS, Resolve: true}
	ask := func() []mapper.Node {
		t.Helper()
		nodes, err := source.Nodes(t.Context())
		require.NoError(t, err)
		return nodes
	}
	require.Empty(t, ask(), "an unknown service has no nodes")

	var ids []string
	for i := range 30 {
		id := fmt.Sprintf("web-%02d", i)
		ids = append(ids, id)
		agent.Register(consultest.Instance{
			Service: "web", ID: id, Address: fmt.Sprintf("10.0.0.%d", i+1), Port: 8000 + i,
			Weights: &api.AgentWeights{Passing: 1 + i%3, Warning: 1},
		})
	}
	agent.Register(consultest.Instance{Service: "web", ID: "sick", Port: 9000, Status: "critical"})
	nodes := ask()
	require.Len(t, nodes, 30)
	byUDP, err := (&SRV{Name: source.Name, Resolver: overUDP(agent.DNS)}).Nodes(t.Context())
	require.NoError(t, err)
	require.Less(t, len(byUDP), 30, "UDP has become enough, and asking by TCP needless")
	want := mapper.Node{Name: "0a00000a.addr.dc1.consul:8009", Addr: "10.0.0.10:8009", Weight: 1, Meta: map[string]string{"priority": "1"}}
	require.Equal(t, want, nodes[9])

	agent.Register(consultest.Instance{Service: "plain", Port: 7000})
	source.Name = "_plain._tcp.service.consul" // as RFC 2782 writes it
	require.Equal(t, []string{"n1.node.dc1.consul:7000 1 p1"}, describe(ask()))
	require.Equal(t, "127.0.0.1:7000", ask()[0].Addr, "the address of the node")
	source.Name = "web.service.consul"

	agent.Deregister("web", ids...)
	require.Empty(t, ask(), "only the sick one is left: NXDOMAIN")

	agent.Kill()
	_, err = source.Nodes(t.Context())
	require.ErrorContains(t, err, "connection refused")
}

// TestConsulHasMoreThanDNSCarries registers more instances than fit 64 KiB. Half
// of them would place keys differently for every client.
func TestConsulHasMoreThanDNSCarries(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	for i := range 1200 {
		_, err := agent.Client().Catalog().Register(&api.CatalogRegistration{
			Node: fmt.Sprint("node-", i), Address: fmt.Sprintf("10.0.%d.%d", i/250, i%250),
			Service: &api.AgentService{Service: "web", Port: 8000},
		}, nil)
		require.NoError(t, err)
	}
	nodes, err := (&SRV{Name: "web.service.consul", Server: agent.DNS}).Nodes(t.Context())
	require.ErrorIs(t, err, ErrTruncated)
	require.Empty(t, nodes)
}

// overUDP asks a server as the system's resolver does.
func overUDP(server string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server)
	}}
}

// TestConsulFollowed sees changes through polling, and an outage.
func TestConsulFollowed(t *testing.T) {
	t.Parallel()
	agent := consultest.Start(t, consultest.Options{})
	agent.Register(consultest.Instance{Service: "web", ID: "a", Address: "10.0.0.1", Port: 80})
	source := &SRV{Name: "web.service.consul", Server: agent.DNS}
	polled := &mapper.Polled{Source: source, Every: 10 * time.Millisecond}
	count := func(nodes []mapper.Node) (int, error) { return len(nodes), nil }
	view, err := mapper.FollowWith(t.Context(), polled, count, mapper.FollowConfig[int]{Wait: patience})
	require.NoError(t, err)
	defer view.Close()
	guard := &mapper.Guard{Source: polled, MinNodes: 1}
	guarded, err := mapper.FollowWith(t.Context(), guard, count, mapper.FollowConfig[int]{Wait: patience})
	require.NoError(t, err)
	defer guarded.Close()
	require.Equal(t, 1, view.Value())
	agent.Register(consultest.Instance{Service: "web", ID: "b", Address: "10.0.0.2", Port: 80})
	for _, view := range []*mapper.View[int]{view, guarded} {
		require.Eventually(t, func() bool { return view.Value() == 2 }, patience, time.Millisecond)
	}
	agent.Deregister("web", "a", "b")
	require.Eventually(t, func() bool { return view.Value() == 0 }, patience, time.Millisecond, "NXDOMAIN is an answer")
	require.NoError(t, view.Err())
	var refused *mapper.GuardError
	require.Eventually(t, func() bool { return errors.As(guarded.Err(), &refused) && refused.Nodes == 0 }, patience, time.Millisecond)
	require.Positive(t, guarded.Value(), "the nodes stay")
	agent.Register(consultest.Instance{Service: "web", ID: "c", Address: "10.0.0.3", Port: 80})
	require.Eventually(t, func() bool { return view.Value() == 1 && guarded.Err() == nil }, patience, time.Millisecond)
	agent.Kill()
	require.Eventually(t, func() bool { return view.Err() != nil }, patience, time.Millisecond)
	require.Equal(t, 1, view.Value(), "the nodes stay")
	require.Eventually(t, func() bool { return view.Age() > 50*time.Millisecond }, patience, time.Millisecond)
}
