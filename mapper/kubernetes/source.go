package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// Source asks one API server for nodes. It is safe for concurrent use; all callers
// share its connections. Make one with New.
type Source struct {
	config     Config
	namespace  string
	connection connection
	feed       mapper.Feed
}

var _ mapper.Watcher = (*Source)(nil)

// New returns a source. It reads the kubeconfig file, the certificates and the
// token, and sends no request yet: an API server that is not running is noticed by
// the first one. Its errors are ErrConfig.
func New(c Config) (*Source, error) { return newSource(c, systemEnvironment()) }

func newSource(c Config, env environment) (*Source, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Source{config: c.withDefaults()}
	var err error
	if s.connection, err = connect(s.config, env); err != nil {
		return nil, err
	}
	s.namespace = cmp.Or(c.Namespace, s.connection.namespace, "default")
	if !isName(s.namespace) {
		return nil, configError("namespace %q: not the name of a namespace", s.namespace)
	}
	s.feed.Run = func(ctx context.Context) { newWatch(s).run(ctx) }
	return s, nil
}

// Close closes idle connections. The source can still be used afterwards. It
// leaves the connections of Config.Client alone.
func (s *Source) Close() error {
	if s.connection.own {
		s.connection.client.CloseIdleConnections()
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

// Ask lists the EndpointSlices, and the pods or the StatefulSet if the
// configuration needs them. Its errors are an [*Error], or the context's. The
// result is complete or an error, with one exception: an endpoint that cannot be a
// node is left out, and the set is partial. An empty list is valid: a Service that
// does not exist has no EndpointSlices.
func (s *Source) Ask(ctx context.Context) (mapper.Update, error) {
	t := newState(&s.config)
	if err := load(ctx, s, s.slices(), t); err != nil {
		return mapper.Update{}, err
	}
	if s.config.readsPods() {
		if err := load(ctx, s, s.pods(), t); err != nil {
			return mapper.Update{}, err
		}
	}
	if s.config.StatefulSet != "" {
		if err := load(ctx, s, s.statefulSets(), t); err != nil {
			return mapper.Update{}, err
		}
	}
	j, err := t.join()
	if err != nil {
		return mapper.Update{}, s.joinError(ctx, err)
	}
	return mapper.Update{Nodes: j.nodes, Skipped: j.skipped, Confirmed: time.Now()}, nil
}

// joinError adds to an error of join the request whose objects are at fault.
func (s *Source) joinError(ctx context.Context, err error) error {
	name := s.slices().name
	if errors.Is(err, ErrNotFound) {
		name = s.statefulSets().name
	}
	return s.fail(ctx, "list", name, err)
}

// load puts the objects of a collection into a state.
func load[O any](ctx context.Context, s *Source, r *resource[O], t *state) error {
	objects, _, err := listAll(ctx, s, r)
	for i := range objects {
		r.keep(t, &objects[i])
	}
	return err
}
