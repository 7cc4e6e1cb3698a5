package etcd

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// Source is a source of the nodes in the keys below a prefix. It is safe for
// concurrent use.
type Source struct {
	config    Config
	http      *http.Client
	endpoints []*client
	preferred atomic.Int32 // index of the endpoint that answered last
}

var (
	_ mapper.Asker   = (*Source)(nil)
	_ mapper.Watcher = (*Source)(nil)
)

// New returns a source, or an ErrConfig. It does not connect.
func New(c Config) (*Source, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Source{config: c, http: newHTTP(c)}
	for _, endpoint := range c.Endpoints {
		s.endpoints = append(s.endpoints, &client{config: c, endpoint: endpoint, http: s.http})
	}
	return s, nil
}

// Nodes reads the prefix once.
func (s *Source) Nodes(ctx context.Context) ([]mapper.Node, error) {
	u, err := s.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return u.Nodes, u.Partial()
}

// Ask reads the prefix once, from the first endpoint that answers. The read is
// linearizable. Errors are of type [*Error], or that of the context.
func (s *Source) Ask(ctx context.Context) (mapper.Update, error) {
	defer s.http.CloseIdleConnections()
	_, found, err := s.read(ctx)
	if err != nil {
		return mapper.Update{}, err
	}
	return update(found), nil
}

// Watch follows the prefix. See the package documentation.
func (s *Source) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	f := &mapper.Feed{}
	f.Run = func(ctx context.Context) {
		defer s.http.CloseIdleConnections()
		p := &publisher{to: f, hold: s.config.ShrinkHold}
		defer p.close()
		s.follow(ctx, p)
	}
	return f.Watch(ctx)
}

// read asks one endpoint after the other, beginning with the preferred one. It
// ends at the first answer, and at an error that all endpoints share.
func (s *Source) read(ctx context.Context) (*client, state, error) {
	first := int(s.preferred.Load())
	var last error
	for i := range s.endpoints {
		at := (first + i) % len(s.endpoints)
		c := s.endpoints[at]
		found, err := c.read(ctx)
		if err == nil {
			s.preferred.Store(int32(at)) //nolint:gosec // few endpoints
			return c, found, nil
		}
		if ctx.Err() != nil {
			return nil, state{}, ctx.Err()
		}
		last = s.fail(c, err)
		if !errors.Is(last, ErrUnreachable) {
			break
		}
	}
	return nil, state{}, last
}

// skip prefers the endpoint after c.
func (s *Source) skip(c *client) {
	for i, other := range s.endpoints {
		if other == c {
			s.preferred.CompareAndSwap(int32(i), int32((i+1)%len(s.endpoints))) //nolint:gosec // few endpoints
		}
	}
}

// update returns what a state says.
func update(found state) mapper.Update {
	nodes, skipped := found.nodes()
	return mapper.Update{Nodes: nodes, Skipped: skipped, Confirmed: time.Now()}
}

// fail turns the cause of a failure into an Error.
func (s *Source) fail(c *client, err error) error {
	kind := ErrUnreachable
	for _, k := range []error{ErrConfig, ErrPermission} {
		if errors.Is(err, k) {
			kind = k
		}
	}
	return &Error{Endpoint: c.endpoint, Prefix: s.config.Prefix, Kind: kind, Err: err}
}
