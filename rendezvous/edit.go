package rendezvous

import "github.com/proxenos/proxenos/internal/nodeset"

// With returns a set with additional nodes: the set that New builds of all
// nodes. Config.Weight gives the weights of the added nodes; the others keep
// theirs. The errors are those of New, [ErrDuplicateID] among them. It hashes
// only the added IDs; the rest of the work is proportional to the number of
// nodes.
func (s *Set[N]) With(nodes ...N) (*Set[N], error) {
	cfg := s.config()
	all, err := s.nodes().With(nodes, cfg.ID, cfg.Weight)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, cfg, s)
}

// Without returns a set without the nodes that have these IDs: the set that New
// builds of the other nodes. It returns a [*NodeError] that wraps
// [ErrUnknownID] if there is no such node. It hashes no ID.
func (s *Set[N]) Without(ids ...string) (*Set[N], error) {
	all, err := s.nodes().Without(ids)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, s.config(), s)
}

// Reweight returns a set in which one node has another weight: the set that New
// builds if Config.Weight returns that weight for the node. The node itself
// stays the caller's value; [Set.Weight] returns the new weight. The error is a
// [*NodeError] that wraps [ErrUnknownID] or [ErrWeight].
func (s *Set[N]) Reweight(id string, weight float64) (*Set[N], error) {
	all, err := s.nodes().Reweight(id, weight)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, s.config(), s)
}

// Over returns the set that New builds of these nodes with the configuration of s. It
// hashes only the IDs that s does not have. The errors are those of New; that of a nil
// or zero Set is [ErrNoID].
func (s *Set[N]) Over(nodes []N) (*Set[N], error) {
	cfg := s.config()
	all, err := nodeset.New(nodes, cfg.ID, cfg.Weight)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, cfg, s)
}

func (s *Set[N]) config() Config[N] {
	if s == nil {
		return Config[N]{}
	}
	return s.cfg
}
