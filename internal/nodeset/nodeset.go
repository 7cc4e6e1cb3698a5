// Package nodeset checks the nodes a scheme is built from and puts them in the
// one order that makes placement independent of the order of input.
package nodeset

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Errors that a NodeError wraps.
var (
	ErrEmptyID     = errors.New("the node has an empty ID")
	ErrDuplicateID = errors.New("the ID occurs more than once")
	ErrWeight      = errors.New("the weight must be a number from 0 to 1e200")
)

// MaxWeight is the greatest weight. It leaves room for what a scheme multiplies
// it by, and is far beyond any capacity.
const MaxWeight = 1e200

// ErrNoID is returned when the configuration has no function that names a
// node.
var ErrNoID = errors.New("no ID function: set Config.ID")

// NodeError says which node was refused, and why.
type NodeError struct {
	ID  string // the ID of the node, as the caller's function gave it
	Err error  // ErrEmptyID, ErrDuplicateID, ErrWeight or a scheme's own error
}

// Error quotes the ID and gives the reason.
func (e *NodeError) Error() string { return fmt.Sprintf("node %q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *NodeError) Unwrap() error { return e.Err }

// Set holds nodes in parallel slices sorted by ID. It is immutable.
type Set[N any] struct {
	Nodes   []N
	IDs     []string
	Weights []float64
	Order   []int // Order[i] is the place of Nodes[i] in the caller's slice
}

// New names, weighs, checks and sorts the nodes. A nil weight function gives
// every node the weight 1. The caller's slice is neither changed nor kept.
func New[N any](nodes []N, id func(N) string, weight func(N) float64) (*Set[N], error) {
	if id == nil {
		return nil, ErrNoID
	}
	given := make([]string, len(nodes))
	order := make([]int, len(nodes))
	for i, n := range nodes {
		given[i], order[i] = id(n), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(given[a], given[b]) })
	r := &Set[N]{
		Nodes:   make([]N, len(nodes)),
		IDs:     make([]string, len(nodes)),
		Weights: make([]float64, len(nodes)),
		Order:   order,
	}
	for i, from := range order {
		r.Nodes[i], r.IDs[i], r.Weights[i] = nodes[from], given[from], 1
		if weight != nil {
			r.Weights[i] = weight(nodes[from]) + 0 // of the two zeros the positive one, as checksums see bits
		}
		if err := r.check(i); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// check refuses the node at i if it cannot stand beside the one before it.
func (r *Set[N]) check(i int) error {
	switch w := r.Weights[i]; {
	case r.IDs[i] == "":
		return &NodeError{ID: r.IDs[i], Err: ErrEmptyID}
	case i > 0 && r.IDs[i] == r.IDs[i-1]:
		return &NodeError{ID: r.IDs[i], Err: ErrDuplicateID}
	case !(w >= 0 && w <= MaxWeight): // NaN too
		return &NodeError{ID: r.IDs[i], Err: fmt.Errorf("weight %v: %w", w, ErrWeight)}
	}
	return nil
}
