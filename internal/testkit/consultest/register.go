package consultest

import (
	"cmp"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
)

// Instance is a service to register. The zero value of a field means what a
// registration without it means to Consul.
type Instance struct {
	Service string
	ID      string // empty is the service's name
	Address string // empty leaves callers to the node's address
	Port    int
	Tags    []string
	Meta    map[string]string
	Weights *api.AgentWeights
	// Status is the state of the instance's check: "passing", "warning" or
	// "critical". Empty is passing.
	Status string
	// Node registers the instance on another node, of which the catalogue
	// alone knows. Empty is the agent's own node, with a TTL check that Flip
	// sets.
	Node        string
	NodeAddress string // of another node; empty is 127.0.0.1
	NodeMeta    map[string]string
	// NodeStatus adds a check of the other node itself. Empty adds none.
	NodeStatus string
}

func (i Instance) id() string { return cmp.Or(i.ID, i.Service) }

func (i Instance) status() string { return cmp.Or(i.Status, api.HealthPassing) }

// Register registers instances and returns once queries list them.
func (s *Server) Register(instances ...Instance) {
	s.tb.Helper()
	for _, i := range instances {
		if i.Node == "" {
			s.registerHere(i)
		} else {
			s.registerElsewhere(i)
		}
	}
	for _, i := range instances {
		s.await(cmp.Or(i.Node, s.Node), i.Service, i.id(), i.status())
	}
}

// registerHere has the agent sync the instance to the catalogue.
func (s *Server) registerHere(i Instance) {
	s.tb.Helper()
	require.NoError(s.tb, s.client.Agent().ServiceRegister(&api.AgentServiceRegistration{
		Name: i.Service, ID: i.ID, Address: i.Address, Port: i.Port,
		Tags: i.Tags, Meta: i.Meta, Weights: i.Weights,
		Check: &api.AgentServiceCheck{CheckID: checkOf(i.id()), TTL: "24h", Status: i.status()},
	}))
}

// checkOf names the check of a service that Register registers.
func checkOf(id string) string { return "check:" + id }

func (s *Server) registerElsewhere(i Instance) {
	s.tb.Helper()
	service := &api.AgentService{
		Service: i.Service, ID: i.id(), Address: i.Address, Port: i.Port, Tags: i.Tags, Meta: i.Meta,
	}
	if i.Weights != nil {
		service.Weights = *i.Weights
	}
	checks := api.HealthChecks{{
		Node: i.Node, CheckID: checkOf(i.id()), Name: "state", Status: i.status(), ServiceID: i.id(),
	}}
	if i.NodeStatus != "" {
		checks = append(checks, &api.HealthCheck{
			Node: i.Node, CheckID: "node", Name: "node", Status: i.NodeStatus,
		})
	}
	_, err := s.client.Catalog().Register(&api.CatalogRegistration{
		Node: i.Node, Address: cmp.Or(i.NodeAddress, "127.0.0.1"), NodeMeta: i.NodeMeta,
		Service: service, Checks: checks,
	}, nil)
	require.NoError(s.tb, err)
}

// Await returns once a query lists the instance of the agent's own node with
// its check in the given state; an empty state waits until it is gone.
func (s *Server) Await(service, id, status string) {
	s.tb.Helper()
	s.await(s.Node, service, id, status)
}

func (s *Server) await(node, service, id, status string) {
	s.tb.Helper()
	require.Eventually(s.tb, func() bool {
		entries, _, err := s.client.Health().Service(service, "", false, nil)
		if err != nil {
			return false
		}
		for _, e := range entries {
			if e.Node.Node == node && e.Service.ID == id {
				return stateOf(e) == status
			}
		}
		return status == ""
	}, startTimeout, 5*time.Millisecond, "instance %q of %q does not become %q", id, service, status)
}

// stateOf returns the state of the check that came with the registration.
func stateOf(e *api.ServiceEntry) string {
	for _, c := range e.Checks {
		if c.CheckID == checkOf(e.Service.ID) {
			return c.Status
		}
	}
	return "without a check"
}

// Deregister takes instances of the agent's own node away, and returns once
// queries no longer list them.
func (s *Server) Deregister(service string, ids ...string) {
	s.tb.Helper()
	for _, id := range ids {
		require.NoError(s.tb, s.client.Agent().ServiceDeregister(id))
	}
	for _, id := range ids {
		s.Await(service, id, "")
	}
}

// DeregisterNode takes another node away with all its instances.
func (s *Server) DeregisterNode(node string) {
	s.tb.Helper()
	_, err := s.client.Catalog().Deregister(&api.CatalogDeregistration{Node: node}, nil)
	require.NoError(s.tb, err)
}

// Flip sets the check of an instance on the agent's own node. It returns when
// the agent took it, without waiting for the catalogue, as latencies are
// measured from here.
func (s *Server) Flip(id, status string) {
	s.tb.Helper()
	require.NoError(s.tb, s.client.Agent().UpdateTTL(checkOf(id), "flipped by a test", status))
}

// Maintain puts an instance of the agent's own node into maintenance, or takes
// it out.
func (s *Server) Maintain(id string, on bool) {
	s.tb.Helper()
	if on {
		require.NoError(s.tb, s.client.Agent().EnableServiceMaintenance(id, "a test"))
		return
	}
	require.NoError(s.tb, s.client.Agent().DisableServiceMaintenance(id))
}

// MaintainNode puts the agent's whole node into maintenance, or takes it out.
func (s *Server) MaintainNode(on bool) {
	s.tb.Helper()
	if on {
		require.NoError(s.tb, s.client.Agent().EnableNodeMaintenance("a test"))
		return
	}
	require.NoError(s.tb, s.client.Agent().DisableNodeMaintenance())
}
