package nodelist

import (
	"maps"
	"slices"
)

// Builder gathers nodes in the order given, checks them, and settles IDs that
// are given twice. Its zero value is empty.
type Builder struct {
	nodes []Node
	seen  map[string]entry
}

type entry struct {
	index int
	at    Place
}

// Nodes returns the nodes gathered; nil if there are none.
func (b *Builder) Nodes() []Node { return b.nodes }

// Add checks a node and adds it, unless an equal one is there already.
func (b *Builder) Add(n Node, at Place) error {
	if err := checkNode(n); err != nil {
		return at.Wrap(err)
	}
	if before, ok := b.seen[n.Name]; ok {
		if b.nodes[before.index].equal(n) {
			return nil
		}
		return at.Wrap(&DuplicateError{n.Name, before.at.String()})
	}
	if b.seen == nil {
		b.seen = make(map[string]entry)
	}
	b.seen[n.Name] = entry{len(b.nodes), at}
	b.nodes = append(b.nodes, n)
	return nil
}

// equal ignores the difference between missing and empty tags and metadata.
func (n Node) equal(o Node) bool {
	return n.Name == o.Name && n.Addr == o.Addr && n.Weight == o.Weight && n.Drain == o.Drain && n.Zone == o.Zone && n.Domain == o.Domain &&
		slices.Equal(n.Tags, o.Tags) && maps.Equal(n.Meta, o.Meta)
}
