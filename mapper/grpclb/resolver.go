package grpclb

import (
	"context"

	"google.golang.org/grpc/attributes"
	"google.golang.org/grpc/resolver"

	"github.com/proxenos/proxenos/mapper"
)

// NewResolver returns a resolver of the nodes of a source, for targets of the form
// "scheme:///name". Every channel watches the source on its own, from its first call
// until it is closed or idle. The name is free; it is the channel's default authority,
// which TLS verifies. Pass the builder to grpc.WithResolvers, or register it to use it
// for all channels. The scheme must be lower case.
//
// Each node is one endpoint, at the node's address or, if it has none, its name. For a
// source that is no [mapper.Watcher] use [mapper.Polled].
func NewResolver(scheme string, source mapper.Watcher) resolver.Builder {
	return &resolverBuilder{scheme: scheme, source: source}
}

type resolverBuilder struct {
	scheme string
	source mapper.Watcher
}

func (b *resolverBuilder) Scheme() string { return b.scheme }

// Build starts a watch of the source.
func (b *resolverBuilder) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &watch{cc: cc, cancel: cancel, done: make(chan struct{})}
	go r.run(ctx, b.source)
	return r, nil
}

// watch reports what one channel sees of a source.
type watch struct {
	cc       resolver.ClientConn
	reported []mapper.Node // nil before the first set
	cancel   context.CancelFunc
	done     chan struct{}
}

func (w *watch) run(ctx context.Context, source mapper.Watcher) {
	defer close(w.done)
	for u := range source.Watch(ctx) {
		w.report(u)
	}
	if ctx.Err() == nil {
		w.cc.ReportError(mapper.ErrStopped)
	}
}

// report publishes a set, or the reason why there is none. gRPC keeps the last set
// after an error. A set that could not be used is not resolved again, so the error of
// UpdateState changes nothing.
func (w *watch) report(u mapper.Update) {
	switch {
	case !u.Known():
		w.cc.ReportError(u.Err)
	case w.reported == nil || !mapper.Equal(w.reported, u.Nodes):
		w.reported = u.Nodes
		_ = w.cc.UpdateState(stateOf(u.Nodes))
	}
}

// ResolveNow does nothing: the source tells of changes by itself.
func (w *watch) ResolveNow(resolver.ResolveNowOptions) {}

// Close ends the watch and waits for it.
func (w *watch) Close() {
	w.cancel()
	<-w.done
}

// markKey is the key of an attribute that says that every endpoint had a node.
type markKey struct{}

func stateOf(nodes []mapper.Node) resolver.State {
	s := resolver.State{Endpoints: make([]resolver.Endpoint, len(nodes)), Attributes: attributes.New(markKey{}, true)}
	for i, n := range nodes {
		e := resolver.Endpoint{Addresses: []resolver.Address{{Addr: n.Address()}}}
		s.Endpoints[i] = WithNode(e, n)
	}
	return s
}
