package consul

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/consul/api"
)

// ask is what a query is to be: zero is one that does not wait.
type ask struct {
	index uint64        // wait for a change beyond it
	wait  time.Duration // at most that long
}

// answer is what a query gave.
type answer[T any] struct {
	value T
	index uint64 // what to wait beyond, next time
}

// endpoint asks Consul one question and says whether the answer is "none".
type endpoint[T any] struct {
	service string // empty for the list of services
	query   func(*api.QueryOptions) (T, *api.QueryMeta, error)
	size    func(T) int
}

// instances is the question for the instances of a service.
func (s *Source) instances(service string) endpoint[[]member] {
	query := func(q *api.QueryOptions) ([]member, *api.QueryMeta, error) {
		entries, meta, err := s.entries(service, q)
		if err != nil {
			return nil, nil, err
		}
		members, err := s.config.members(entries)
		return members, meta, err
	}
	return endpoint[[]member]{service, query, func(m []member) int { return len(m) }}
}

func (s *Source) entries(service string, q *api.QueryOptions) ([]*api.ServiceEntry, *api.QueryMeta, error) {
	if !s.config.Catalog {
		return s.client.Health().Service(service, "", s.config.Health == Passing, q)
	}
	found, meta, err := s.client.Catalog().Service(service, "", q)
	entries := make([]*api.ServiceEntry, 0, len(found))
	for _, f := range found {
		if f != nil {
			entries = append(entries, entryOf(f))
		}
	}
	return entries, meta, err
}

// entryOf gives what the catalogue says the form that the health endpoint has.
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

// services is the question for the names of all services. A name that is not
// askable is left out: it would turn the next question into another one.
func (s *Source) services() endpoint[[]string] {
	query := func(q *api.QueryOptions) ([]string, *api.QueryMeta, error) {
		q.Filter = "" // it speaks of instances
		found, meta, err := s.client.Catalog().Services(q)
		names := slices.Sorted(maps.Keys(found))
		return slices.DeleteFunc(names, s.unaskable), meta, err
	}
	return endpoint[[]string]{"", query, func(n []string) int { return len(n) }}
}

func (s *Source) unaskable(service string) bool {
	if askable(service) {
		return false
	}
	s.config.Log.Warn("a service is left out, as its name cannot be asked for", "service", service)
	return true
}

// put asks, and gives up once the agent is later than it can be: Consul
// answers a query that waits after its wait and up to a sixteenth more.
func put[T any](ctx context.Context, s *Source, e endpoint[T], a ask) (answer[T], error) {
	limit := a.wait + a.wait/16 + s.config.Timeout
	value, index, err := send(ctx, s, e, a, limit)
	if err != nil {
		return answer[T]{}, s.fail(ctx, e.service, limit, err)
	}
	return answer[T]{value, index}, nil
}

func send[T any](ctx context.Context, s *Source, e endpoint[T], a ask, limit time.Duration) (none T, index uint64, err error) {
	q, err := s.options(a)
	if err != nil {
		return none, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	value, meta, err := e.query(q.WithContext(ctx))
	if err != nil {
		return none, 0, err
	}
	return value, meta.LastIndex, s.doubt(a, meta, e.size(value))
}

// options are those of every query.
func (s *Source) options(a ask) (*api.QueryOptions, error) {
	token, err := s.token.read()
	if err != nil {
		return nil, err
	}
	c := &s.config
	return &api.QueryOptions{
		Datacenter: c.Datacenter, Near: c.Near, NodeMeta: c.NodeMeta, Filter: c.Filter,
		AllowStale: c.Consistency == Stale, RequireConsistent: c.Consistency == Consistent,
		UseCache: c.Consistency == Cached,
		Token:    token, WaitIndex: a.index, WaitTime: a.wait,
	}, nil
}

// doubt returns what is wrong with an answer that arrived. Agents never name a
// leader in what they answer from their own cache or to a query that waits;
// such a "nobody" has to be asked for again.
func (s *Source) doubt(a ask, meta *api.QueryMeta, size int) error {
	plain := a.index == 0 && s.config.Consistency != Cached
	switch {
	case meta.ResultsFilteredByACLs:
		return errFiltered
	case size == 0 && !meta.KnownLeader && plain:
		return errNoLeader
	case s.config.Consistency == Stale && meta.LastContact > s.config.MaxStale:
		return fmt.Errorf("the answer is %v old, more than %v", meta.LastContact, s.config.MaxStale)
	}
	return nil
}
