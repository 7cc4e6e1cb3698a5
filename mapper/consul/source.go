package consul

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/proxenos/proxenos/mapper"
)

// Source asks one Consul agent for nodes. It is safe for concurrent use; all
// callers share its connections. Make one with New.
type Source struct {
	config    Config
	addr      string // for errors
	client    *api.Client
	http      *http.Client // of the client, if it is ours
	token     *tokenFile
	anonymous bool // no token is sent
	feed      mapper.Feed
}

// New returns a source. It sends no query yet: an agent that is not running is
// noticed by the first one. Its errors are ErrConfig.
func New(c Config) (*Source, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Source{config: c.withDefaults()}
	s.feed.Run = func(ctx context.Context) { newWatch(s).run(ctx) }
	if err := s.connect(); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes idle connections. The source can still be used afterwards. It
// leaves the connections of Config.Client alone.
func (s *Source) Close() error {
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
	return nil
}

// Nodes is like Ask but returns the nodes alone.
func (s *Source) Nodes(ctx context.Context) ([]mapper.Node, error) {
	u, err := s.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return u.Nodes, u.Partial()
}

// Ask asks once. Its errors are an [*Error], or the context's. With every service
// it asks for their names and then for each, eight at a time; the result is
// complete or an error. An empty list is valid, with one exception: an agent whose
// default policy is deny returns one to a request without a token, which is
// [ErrPermission]. [Source.Explain] says why a list may be empty. An instance that
// cannot be a node is left out, and the set is partial: one whose address holds a
// blank or whose port exceeds 65535, for example.
//
// With ConsistencyCached the Origin is OriginAgentCache, and Confirmed is not
// known: the cache of an agent whose servers are dead says that it is fresh.
func (s *Source) Ask(ctx context.Context) (mapper.Update, error) {
	members, err := s.members(ctx)
	if err != nil {
		return mapper.Update{}, err
	}
	u := mapper.Update{Origin: s.origin()}
	u.Nodes, u.Skipped = s.config.nodes(members)
	if u.Origin == mapper.OriginLive {
		u.Confirmed = time.Now()
	}
	return u, nil
}

func (s *Source) origin() mapper.Origin {
	if s.config.Consistency == ConsistencyCached {
		return mapper.OriginAgentCache
	}
	return mapper.OriginLive
}

func (s *Source) members(ctx context.Context) ([]member, error) {
	if s.config.Service != "" {
		r, err := do(ctx, s, s.instances(s.config.Service), query{})
		return r.value, err
	}
	names, err := do(ctx, s, s.services(), query{})
	if err != nil {
		return nil, err
	}
	return s.membersOfEach(ctx, names.value)
}

// parallel bounds how many plain queries are under way at once.
const parallel = 8

// membersOfEach asks for every service. It returns the first failure in the order
// of names, and sends no more queries after one.
func (s *Source) membersOfEach(ctx context.Context, services []string) ([]member, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found, failed := make([][]member, len(services)), make([]error, len(services))
	free := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, name := range services {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			var r result[[]member]
			if r, failed[i] = do(ctx, s, s.instances(name), query{}); failed[i] != nil {
				cancel()
			}
			found[i] = r.value
		})
	}
	all.Wait()
	return slices.Concat(found...), firstFailure(failed)
}

// firstFailure prefers a failure to the queries that it canceled.
func firstFailure(failed []error) error {
	var canceled error
	for _, err := range failed {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		canceled = cmp.Or(canceled, err)
	}
	return canceled
}
