package mapper

import (
	"maps"
	"slices"
)

// MaxWeight is the greatest weight of a node. It is far beyond any capacity, and
// leaves an algorithm room to multiply it.
const MaxWeight = 1e200

// Node is one node of a set, as a source reports it. The zero value of every
// field but Name means "not known".
//
// The JSON form is the one that `proxenos nodes -o json` prints and that
// package static reads.
type Node struct {
	// Name identifies the node, and is what algorithms hash. It is stable for
	// the life of the node.
	Name string `json:"id"`
	// Addr is where to reach the node: host:port, or the host alone if no port
	// is known, or "unix:" and the absolute path of a socket. An IPv6 host is in
	// brackets either way. It takes no part in placement unless an algorithm
	// says so.
	Addr string `json:"address,omitzero"`
	// Weight is the node's capacity, relative to the other nodes or absolute as
	// the algorithm has it. Zero means "not given" and counts as 1; set Drain to
	// give a node no keys. Negative weights, NaN and weights above MaxWeight are
	// invalid.
	Weight float64 `json:"weight,omitzero"`
	// Drain marks a node that is known but gets no keys.
	Drain bool `json:"drain,omitzero"`
	// Zone is the failure domain: a rack, an availability zone, a datacenter.
	Zone string `json:"zone,omitzero"`
	// Domain is the path of the failure domains, widest first, with a slash
	// between names: eu/eu-1/r07/h3. A rule of package ring/rules names its levels.
	Domain string `json:"domain,omitzero"`
	// Tags and Meta hold what else the source knows.
	Tags []string          `json:"tags,omitempty"`
	Meta map[string]string `json:"meta,omitempty"`
}

// ID returns the node's name. It has the form of the ID function in the
// configuration of rendezvous and ring.
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

// Address returns the node's address, or its name if it has no address.
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
		n.Drain == o.Drain && n.Zone == o.Zone && n.Domain == o.Domain &&
		slices.Equal(n.Tags, o.Tags) && maps.Equal(n.Meta, o.Meta)
}

// Clone returns a copy that shares no memory with the node.
func (n Node) Clone() Node {
	n.Tags, n.Meta = slices.Clone(n.Tags), maps.Clone(n.Meta)
	return n
}

// Equal reports whether both sets hold equal nodes in the same order.
func Equal(a, b []Node) bool { return slices.EqualFunc(a, b, Node.Equal) }

// Clone returns a copy of the set that shares no memory with it. It is never
// nil. A source that keeps its nodes returns clones of them.
func Clone(nodes []Node) []Node {
	c := make([]Node, len(nodes))
	for i, n := range nodes {
		c[i] = n.Clone()
	}
	return c
}
