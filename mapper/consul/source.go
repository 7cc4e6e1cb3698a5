package consul

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/hashicorp/consul/api"

	"github.com/proxenos/proxenos/mapper"
)

// Source asks one Consul agent for nodes. It is safe for any number of
// goroutines, which share its connections. Make one with New.
type Source struct {
	config Config
	addr   string // for errors
	client *api.Client
	http   *http.Client // of the client, if it is ours
	token  *tokenFile
	secret bool // a token is known to be sent
	feed   mapper.Feed
}

// New makes a source. It does not ask anything yet: an agent that is not
// there is found out by the first question. What it refuses is ErrConfig.
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

// Close closes the connections that nobody uses. The source can still be
// asked. A client of the caller's own is left alone.
func (s *Source) Close() error {
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
	return nil
}

// Nodes asks once. Its errors are an *Error, or the context's. With every
// service it asks for their names and then for each, eight at a time, and
// the answer is complete or an error. No nodes is an answer, which Consul also
// gives to who may not read: see Explain.
func (s *Source) Nodes(ctx context.Context) ([]mapper.Node, error) {
	members, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	return s.config.nodes(members), nil
}

func (s *Source) ask(ctx context.Context) ([]member, error) {
	if s.config.Service != "" {
		a, err := put(ctx, s, s.instances(s.config.Service), ask{})
		return a.value, err
	}
	names, err := put(ctx, s, s.services(), ask{})
	if err != nil {
		return nil, err
	}
	return s.askEach(ctx, names.value)
}

// parallel bounds how many services are asked for at once.
const parallel = 8

// askEach asks for every service. The first failure, in the order of names,
// is the answer; those still to be asked are not.
func (s *Source) askEach(ctx context.Context, services []string) ([]member, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found, failed := make([][]member, len(services)), make([]error, len(services))
	free := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, name := range services {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			var a answer[[]member]
			if a, failed[i] = put(ctx, s, s.instances(name), ask{}); failed[i] != nil {
				cancel()
			}
			found[i] = a.value
		})
	}
	all.Wait()
	return slices.Concat(found...), firstFailure(failed)
}

// firstFailure prefers a failure to what was only called off because of it.
func firstFailure(failed []error) error {
	var calledOff error
	for _, err := range failed {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		calledOff = cmp.Or(calledOff, err)
	}
	return calledOff
}
