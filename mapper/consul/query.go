package consul

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/consul/api"
)

// query is one request to an endpoint. The zero value is a plain query, which
// is answered at once.
type query struct {
	index uint64        // block until a change beyond it
	wait  time.Duration // at most that long
	live  bool          // ask a server, where the configuration asks the agent's cache
}

// result is the answer to a query.
type result[T any] struct {
	value T
	index uint64 // for the next query to block on
}

// endpoint is a resource of Consul's HTTP API.
type endpoint[T any] struct {
	service string // empty for the list of services
	call    func(*api.QueryOptions) (T, *api.QueryMeta, error)
	size    func(T) int
	keep    func(old, now T) (kept T, missing int) // now, and what it lacks of old
}

// instances is the endpoint for the instances of a service.
func (s *Source) instances(service string) endpoint[[]member] {
	call := func(o *api.QueryOptions) ([]member, *api.QueryMeta, error) {
		entries, meta, err := s.entries(service, o)
		if err != nil {
			return nil, nil, err
		}
		members, err := s.config.members(entries)
		return members, meta, err
	}
	return endpoint[[]member]{service, call, func(m []member) int { return len(m) }, keepMembers}
}

// keepMembers adds the members to a result that it lacks, by name.
func keepMembers(old, now []member) (kept []member, missing int) {
	present := make(map[string]bool, len(now))
	for _, m := range now {
		present[m.Name] = true
	}
	kept = slices.Clone(now)
	for _, m := range old {
		if m.unusable == nil && !present[m.Name] {
			kept, missing = append(kept, m), missing+1
		}
	}
	return kept, missing
}

func (s *Source) entries(service string, o *api.QueryOptions) ([]*api.ServiceEntry, *api.QueryMeta, error) {
	if !s.config.Catalog {
		return s.client.Health().Service(service, "", s.config.Health == HealthPassing, o)
	}
	found, meta, err := s.client.Catalog().Service(service, "", o)
	entries := make([]*api.ServiceEntry, 0, len(found))
	for _, f := range found {
		if f == nil {
			entries = append(entries, nil) // which members reports
			continue
		}
		entries = append(entries, entryOf(f))
	}
	return entries, meta, err
}

// entryOf converts an answer of the catalog to the form of the health endpoint.
func entryOf(c *api.CatalogService) *api.ServiceEntry {
	return &api.ServiceEntry{
		Node: &api.Node{Node: c.Node, Address: c.Address, Meta: c.NodeMeta},
		Service: &api.AgentService{
			ID: c.ServiceID, Service: c.ServiceName, Tags: c.ServiceTags, Meta: c.ServiceMeta,
			Address: c.ServiceAddress, Port: c.ServicePort, Locality: c.ServiceLocality,
			Weights:     api.AgentWeights{Passing: c.ServiceWeights.Passing, Warning: c.ServiceWeights.Warning},
			ModifyIndex: c.ModifyIndex,
		},
	}
}

// services is the endpoint for the names of all services. It leaves out names
// that no query can hold, as they would change the path of the next query.
func (s *Source) services() endpoint[[]string] {
	call := func(o *api.QueryOptions) ([]string, *api.QueryMeta, error) {
		o.Filter = "" // it applies to instances
		found, meta, err := s.client.Catalog().Services(o)
		names := slices.Sorted(maps.Keys(found))
		return slices.DeleteFunc(names, s.rejectName), meta, err
	}
	return endpoint[[]string]{"", call, func(n []string) int { return len(n) }, keepNames}
}

// keepNames holds an empty list back. A service that leaves a list keeps its own
// loop until that accepts an empty result.
func keepNames(old, now []string) (kept []string, missing int) {
	if len(now) == 0 {
		return old, len(old)
	}
	return now, 0
}

func (s *Source) rejectName(service string) bool {
	if isServiceName(service) {
		return false
	}
	s.config.Log.Warn("a service is left out, as no query can hold its name", "service", service)
	return true
}

// do sends a query and validates the answer. Its time limit is that of a healthy
// agent, which answers a blocking query after its wait and up to a sixteenth
// more, plus Config.Timeout.
func do[T any](ctx context.Context, s *Source, e endpoint[T], q query) (result[T], error) {
	limit := q.wait + q.wait/16 + s.config.Timeout
	r, err := send(ctx, s, e, q, limit)
	if err != nil {
		return result[T]{}, s.fail(ctx, e.service, limit, err)
	}
	return r, nil
}

func send[T any](ctx context.Context, s *Source, e endpoint[T], q query, limit time.Duration) (result[T], error) {
	o, err := s.options(q)
	if err != nil {
		return result[T]{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	value, meta, err := e.call(o.WithContext(ctx))
	if err != nil {
		return result[T]{}, err
	}
	return result[T]{value, meta.LastIndex}, s.validate(q, meta, e.size(value))
}

// options returns the options of a query.
func (s *Source) options(q query) (*api.QueryOptions, error) {
	token, err := s.token.read()
	if err != nil {
		return nil, err
	}
	c, consistency := &s.config, s.consistency(q)
	return &api.QueryOptions{
		Datacenter: c.Datacenter, Near: c.Near, NodeMeta: c.NodeMeta, Filter: c.Filter,
		AllowStale: consistency == ConsistencyStale, RequireConsistent: consistency == ConsistencyConsistent,
		UseCache: consistency == ConsistencyCached,
		Token:    token, WaitIndex: q.index, WaitTime: q.wait,
	}, nil
}

// consistency returns that of a query. In place of the cache any server will do.
func (s *Source) consistency(q query) Consistency {
	if q.live && s.config.Consistency == ConsistencyCached {
		return ConsistencyStale
	}
	return s.config.Consistency
}

// validate returns what is wrong with an answer that arrived. Agents name no
// leader in answers from their own cache and to blocking queries; an empty
// result of those needs a plain query to confirm it.
func (s *Source) validate(q query, meta *api.QueryMeta, size int) error {
	consistency := s.consistency(q)
	plain := q.index == 0 && consistency != ConsistencyCached
	switch {
	case meta.ResultsFilteredByACLs:
		return errFiltered
	case size == 0 && s.anonymous && meta.DefaultACLPolicy == "deny":
		return errAnonymous
	case size == 0 && !meta.KnownLeader && plain:
		return errNoLeader
	case consistency == ConsistencyStale && meta.LastContact > s.config.MaxStale:
		return fmt.Errorf("the answer is %v old, more than %v", meta.LastContact, s.config.MaxStale)
	}
	return nil
}
