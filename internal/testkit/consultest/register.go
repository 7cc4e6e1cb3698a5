package consultest

import (
	"cmp"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
)

// Instance is a service instance to register. A zero field is left out of the
// registration, unless noted otherwise.
type Instance struct {
	Service string
	ID      string // empty means the name of the service
	Address string // empty means the address of the node
	Port    int
	Tags    []string
	Meta    map[string]string
	Weights *api.AgentWeights
	// Status is the status of the instance's check: "passing", "warning" or
	// "critical". Empty means passing.
	Status string
	// Node registers the instance on an external node, which exists in the
	// catalog only. Empty means the agent's own node, with a TTL check whose
	// status Flip sets.
	Node        string
	NodeAddress string // of the external node; empty means 127.0.0.1
	NodeMeta    map[string]string
	// NodeStatus adds a node check to the external node. Empty adds none.
	NodeStatus string
}

func (i Instance) id() string { return cmp.Or(i.ID, i.Service) }

func (i Instance) status() string { return cmp.Or(i.Status, api.HealthPassing) }

// Register registers instances and returns once queries list them.
func (s *Server) Register(instances ...Instance) {
	s.tb.Helper()
	for _, i := range instances {
		if i.Node == "" {
			s.registerLocal(i)
		} else {
			s.registerExternal(i)
		}
	}
	for _, i := range instances {
		s.await(cmp.Or(i.Node, s.Node), i.Service, i.id(), i.status())
	}
}

// registerLocal registers the instance with the agent, which syncs it to the
// catalog.
func (s *Server) registerLocal(i Instance) {
	s.tb.Helper()
	require.NoError(s.tb, s.client.Agent().ServiceRegister(&api.AgentServiceRegistration{
		Name: i.Service, ID: i.ID, Address: i.Address, Port: i.Port,
		Tags: i.Tags, Meta: i.Meta, Weights: i.Weights,
		Check: &api.AgentServiceCheck{CheckID: checkOf(i.id()), TTL: "24h", Status: i.status()},
	}))
}

// checkOf returns the ID of the check of a registered service.
func checkOf(id string) string { return "check:" + id }

// registerExternal registers the instance and its node in the catalog.
func (s *Server) registerExternal(i Instance) {
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

// Await waits until a query lists the instance on the agent's own node with the
// given status of its check. An empty status waits until it is not listed.
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
				return statusOf(e) == status
			}
		}
		return status == ""
	}, patience, 5*time.Millisecond, "instance %q of %q does not become %q", id, service, status)
}

// statusOf returns the status of the check that Register created.
func statusOf(e *api.ServiceEntry) string {
	for _, c := range e.Checks {
		if c.CheckID == checkOf(e.Service.ID) {
			return c.Status
		}
	}
	return "no check"
}

// Deregister deregisters instances on the agent's own node, and returns once
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

// DeregisterNode deregisters an external node with all its instances.
func (s *Server) DeregisterNode(node string) {
	s.tb.Helper()
	_, err := s.client.Catalog().Deregister(&api.CatalogDeregistration{Node: node}, nil)
	require.NoError(s.tb, err)
}

// Flip sets the status of the check of an instance on the agent's own node. It
// returns when the agent has accepted the status, without waiting for the
// catalog, so that tests can measure latency from there.
func (s *Server) Flip(id, status string) {
	s.tb.Helper()
	require.NoError(s.tb, s.client.Agent().UpdateTTL(checkOf(id), "flipped by a test", status))
}

// Maintain switches the maintenance mode of an instance on the agent's own node.
func (s *Server) Maintain(id string, on bool) {
	s.tb.Helper()
	if on {
		require.NoError(s.tb, s.client.Agent().EnableServiceMaintenance(id, "a test"))
		return
	}
	require.NoError(s.tb, s.client.Agent().DisableServiceMaintenance(id))
}

// MaintainNode switches the maintenance mode of the agent's node.
func (s *Server) MaintainNode(on bool) {
	s.tb.Helper()
	if on {
		require.NoError(s.tb, s.client.Agent().EnableNodeMaintenance("a test"))
		return
	}
	require.NoError(s.tb, s.client.Agent().DisableNodeMaintenance())
}
