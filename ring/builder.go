package ring

import (
	"slices"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// Builder collects nodes for one ring after another. It refuses bad nodes as
// they come, so Build has only the sum of them left to refuse.
//
// It keeps the order in which nodes came, which layouts may depend on; for
// HashRing it also remembers which calls brought them. It may be used by one
// goroutine at a time; the rings it builds are independent of it.
type Builder[N any] struct {
	cfg     Config[N]
	nodes   []N
	batches []int
	calls   int
	ids     map[string]struct{}
}

// NewBuilder returns a Builder without nodes.
func NewBuilder[N any](cfg Config[N]) *Builder[N] {
	return &Builder[N]{cfg: cfg, ids: make(map[string]struct{})}
}

// Add adds a node. It refuses with a *NodeError a node whose ID is empty or was
// added before (ErrDuplicateID), or whose capacity is none.
func (b *Builder[N]) Add(node N) error { return b.AddMany(node) }

// AddMany adds nodes at once, or if one of them is refused none of them.
func (b *Builder[N]) AddMany(nodes ...N) error {
	if _, err := nodeset.New(nodes, b.cfg.ID, b.cfg.Capacity); err != nil {
		return nodeError(err)
	}
	for _, n := range nodes {
		if id := b.cfg.ID(n); b.has(id) {
			return &NodeError{ID: id, Err: ErrDuplicateID}
		}
	}
	for _, n := range nodes {
		b.ids[b.cfg.ID(n)] = struct{}{}
		b.nodes = append(b.nodes, n)
		b.batches = append(b.batches, b.calls)
	}
	b.calls++
	return nil
}

func (b *Builder[N]) has(id string) bool {
	_, ok := b.ids[id]
	return ok
}

// Remove removes the node with this ID; if there is none it returns a
// *NodeError that wraps ErrUnknownID. In both cases it forgets which calls
// brought the nodes, as thrifty-p2p does, so that HashRing starts afresh. It
// takes time in proportion to the nodes.
func (b *Builder[N]) Remove(id string) error {
	b.calls = 1
	clear(b.batches)
	if !b.has(id) {
		return &NodeError{ID: id, Err: ErrUnknownID}
	}
	delete(b.ids, id)
	i := slices.IndexFunc(b.nodes, func(n N) bool { return b.cfg.ID(n) == id })
	b.nodes = slices.Delete(b.nodes, i, i+1)
	b.batches = b.batches[:len(b.nodes)] // which are all alike by now
	return nil
}

// Len returns the number of nodes.
func (b *Builder[N]) Len() int { return len(b.nodes) }

// Build builds a ring of the nodes there are now, with the cost and the errors
// of New. The Builder may go on.
func (b *Builder[N]) Build() (*Ring[N], error) { return build(b.nodes, b.batches, b.cfg) }
