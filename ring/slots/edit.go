package slots

import "github.com/proxenos/proxenos/internal/nodeset"

// With returns the map that New builds of the nodes of m, in the order in which they
// were given, followed by the added ones. Config.Weight gives the weights of the
// added nodes; the others keep theirs. Errors and cost are those of New.
func (m *Map[N]) With(nodes ...N) (*Map[N], error) {
	cfg := m.config()
	return m.over(m.nodes().With(nodes, cfg.ID, cfg.Weight))
}

// Without returns the map that New builds without the nodes that have these IDs. It
// returns a [*NodeError] that wraps [ErrUnknownID] if there is no such node.
func (m *Map[N]) Without(ids ...string) (*Map[N], error) {
	return m.over(m.nodes().Without(ids))
}

// Reweight returns the map that New builds if Config.Weight returns that weight for
// the node. It returns a [*NodeError] that wraps [ErrUnknownID] if there is no such
// node.
func (m *Map[N]) Reweight(id string, weight float64) (*Map[N], error) {
	return m.over(m.nodes().Reweight(id, weight))
}

func (m *Map[N]) config() Config[N] {
	if m == nil {
		return Config[N]{}
	}
	return m.cfg
}

// over builds the map of edited nodes.
func (m *Map[N]) over(all *nodeset.Set[N], err error) (*Map[N], error) {
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, m.config())
}
