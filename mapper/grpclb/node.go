package grpclb

import (
	"google.golang.org/grpc/resolver"

	"github.com/proxenos/proxenos/mapper"
)

// nodeKey is the key of a *nodeValue in the attributes of an endpoint.
type nodeKey struct{}

// nodeValue is a node as gRPC attributes can hold it. gRPC compares the values of
// attributes, by the method Equal(any) if they have one and by == otherwise, which
// panics for a mapper.Node because of its slice and its map.
type nodeValue struct{ node mapper.Node }

// Equal reports whether o is an equal node.
func (v *nodeValue) Equal(o any) bool {
	other, ok := o.(*nodeValue)
	return ok && v.node.Equal(other.node)
}

// String returns the name of the node, for the logs of gRPC.
func (v *nodeValue) String() string { return v.node.Name }

// WithNode returns the endpoint with the node among its attributes, for a resolver
// other than that of [NewResolver]. The balancer ranks the node; an endpoint without
// one counts as a node with the endpoint's first address as its name. The caller must
// not change the tags and metadata of the node afterwards.
func WithNode(e resolver.Endpoint, n mapper.Node) resolver.Endpoint {
	e.Attributes = e.Attributes.WithValue(nodeKey{}, &nodeValue{n})
	return e
}

// NodeOf returns the node of an endpoint, for a balancer other than that of
// [NewBalancer], or false if it has none. The caller must not change its tags and
// metadata.
func NodeOf(e resolver.Endpoint) (n mapper.Node, ok bool) {
	v, ok := e.Attributes.Value(nodeKey{}).(*nodeValue)
	if !ok {
		return mapper.Node{}, false
	}
	return v.node, true
}
