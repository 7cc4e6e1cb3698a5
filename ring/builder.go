package ring

import (
	"slices"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// Builder collects nodes and builds rings of them. It refuses a bad node when it
// is added.
//
// It keeps the order in which nodes were added, which layouts may depend on; for
// [HashRing] it also records which call added them. It is not safe for concurrent
// use; the rings it builds are independent of it. The zero Builder has no
// configuration and refuses every node with [ErrNoID].
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

// Add adds a node. The error is a [*NodeError] if the ID is empty
// ([ErrEmptyID]) or already added ([ErrDuplicateID]), or the capacity is out of
// range ([ErrWeight]).
func (b *Builder[N]) Add(node N) error { return b.AddMany(node) }

// AddMany adds all nodes in one call, or none if one of them is refused. The errors
// are those of Add.
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

// Remove removes the node with the given ID. If there is none, it returns a
// [*NodeError] that wraps [ErrUnknownID]. In both cases it discards the record of
// which call added which node, as thrifty-p2p does for [HashRing]. It takes time
// proportional to the number of nodes.
func (b *Builder[N]) Remove(id string) error {
	b.calls = 1
	clear(b.batches)
	if !b.has(id) {
		return &NodeError{ID: id, Err: ErrUnknownID}
	}
	delete(b.ids, id)
	i := slices.IndexFunc(b.nodes, func(n N) bool { return b.cfg.ID(n) == id })
	b.nodes = slices.Delete(b.nodes, i, i+1)
	b.batches = b.batches[:len(b.nodes)] // all are equal
	return nil
}

// Len returns the number of nodes.
func (b *Builder[N]) Len() int { return len(b.nodes) }

// Build builds a ring of the current nodes, with the cost and the errors of New.
// The Builder can then be changed further.
func (b *Builder[N]) Build() (*Ring[N], error) {
	all, err := nodeset.New(b.nodes, b.cfg.ID, b.cfg.Capacity)
	if err != nil {
		return nil, nodeError(err)
	}
	return build(all, b.batches, b.cfg)
}
