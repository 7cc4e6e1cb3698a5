package static

import (
	"github.com/proxenos/proxenos/mapper"
)

// roll gathers nodes in the order given and settles IDs that are given twice.
type roll struct {
	nodes []mapper.Node
	seen  map[string]entry
}

type entry struct {
	index int
	at    place
}

// add checks a node and adds it, unless it is there already.
func (r *roll) add(n mapper.Node, at place) error {
	if err := checkNode(n); err != nil {
		return at.wrap(err)
	}
	if before, ok := r.seen[n.Name]; ok {
		if r.nodes[before.index].Equal(n) {
			return nil
		}
		return at.wrap(&DuplicateError{n.Name, before.at.String()})
	}
	if r.seen == nil {
		r.seen = make(map[string]entry)
	}
	r.seen[n.Name] = entry{len(r.nodes), at}
	r.nodes = append(r.nodes, n)
	return nil
}
