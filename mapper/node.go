package mapper

import (
	"maps"
	"slices"
)

// MaxWeight is the greatest weight of a node. It is far beyond any capacity, and
// leaves room for what a scheme multiplies it by.
const MaxWeight = 1e200

// Node is one member of a set of nodes, as a source reports it. The zero
// value of every field but Name means "not known".
//
// The JSON form is the one that `proxenos nodes -o json` prints and that
// package static reads.
type Node struct {
	// Name identifies the node and is what hashing sees. It is stable for the
	// life of the node and is never an address by accident.
	Name string `json:"id"`
	// Addr tells where to reach the node, as host:port, or as a host alone if
	// no port is known, with an IPv6 host in brackets either way. It takes no
	// part in placement unless a scheme says so.
	Addr string `json:"address,omitzero"`
	// Weight is the node's capacity relative to the other nodes. Zero means
	// it was not given and counts as 1; use Drain to give a node nothing.
	// Negative weights, NaN and what exceeds MaxWeight are refused.
	Weight float64 `json:"weight,omitzero"`
	// Drain marks a node that is known but is to be given no keys.
	Drain bool `json:"drain,omitzero"`
	// Zone is the failure domain: a rack, an availability zone, a datacenter.
	Zone string `json:"zone,omitzero"`
	// Tags and Meta are what the source knows beyond that.
	Tags []string          `json:"tags,omitempty"`
	Meta map[string]string `json:"meta,omitempty"`
}

// ID returns the node's name. It has the form that the ID function of a
// scheme's configuration takes.
func (n Node) ID() string { return n.Name }

// Capacity returns the weight that placement uses: 0 for a drained node, 1
// for a node without a weight, and otherwise the weight as it was given.
func (n Node) Capacity() float64 {
	switch {
	case n.Drain:
		return 0
	case n.Weight == 0:
		return 1
	default:
		return n.Weight
	}
}

// Address returns where to reach the node: its address, or its name if it has
// no address.
func (n Node) Address() string {
	if n.Addr != "" {
		return n.Addr
	}
	return n.Name
}

// Equal reports whether both nodes hold the same data. Missing tags and
// metadata equal empty ones; the order of tags counts.
func (n Node) Equal(o Node) bool {
	return n.Name == o.Name && n.Addr == o.Addr && n.Weight == o.Weight &&
		n.Drain == o.Drain && n.Zone == o.Zone &&
		slices.Equal(n.Tags, o.Tags) && maps.Equal(n.Meta, o.Meta)
}

// Clone returns a copy that shares no memory with the node.
func (n Node) Clone() Node {
	n.Tags, n.Meta = slices.Clone(n.Tags), maps.Clone(n.Meta)
	return n
}

// Equal reports whether both sets hold equal nodes in the same order.
func Equal(a, b []Node) bool { return slices.EqualFunc(a, b, Node.Equal) }

// Clone returns a copy of the set that shares no memory with it: what a
// source that keeps its nodes hands to a caller.
func Clone(nodes []Node) []Node {
	c := make([]Node, len(nodes))
	for i, n := range nodes {
		c[i] = n.Clone()
	}
	return c
}
