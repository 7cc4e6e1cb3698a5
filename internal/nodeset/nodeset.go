// Package nodeset validates nodes and sorts them by ID, so that placement does
// not depend on the order of the input.
package nodeset

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Reasons that an Error wraps.
var (
	ErrEmptyID     = errors.New("the node has an empty ID")
	ErrDuplicateID = errors.New("the ID occurs more than once")
	ErrUnknownID   = errors.New("no node has this ID")
	ErrWeight      = errors.New("the weight must be a number from 0 to 1e200")
)

// MaxWeight is the greatest weight. It leaves room for the factors that an
// algorithm multiplies it by.
const MaxWeight = 1e200

// ErrNoID reports a configuration without an ID function.
var ErrNoID = errors.New("no ID function: set Config.ID")

// ErrHashAll reports a hash of many keys that is not that of one key.
var ErrHashAll = errors.New("Config.HashAll must be Config.Hash of many keys")

// Error reports the node that was refused. Packages rendezvous and ring convert
// it to their NodeError, which has the same fields.
type Error struct {
	ID  string
	Err error
}

// Error quotes the ID and gives the reason.
func (e *Error) Error() string { return fmt.Sprintf("node %q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// Set holds nodes in parallel slices sorted by ID. It is immutable. The zero
// value and a nil *Set are empty.
type Set[N any] struct {
	Nodes   []N
	IDs     []string
	Weights []float64
	Order   []int // Order[i] is the index of Nodes[i] in the order of input
}

// New validates and sorts the nodes. A nil weight function gives every node the
// weight 1. New neither changes nor keeps the slice.
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
	s := newSet[N](len(nodes))
	for _, from := range order {
		w := 1.0
		if weight != nil {
			w = weight(nodes[from])
		}
		if err := s.add(nodes[from], given[from], w, from); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func newSet[N any](size int) *Set[N] {
	return &Set[N]{
		Nodes:   make([]N, 0, size),
		IDs:     make([]string, 0, size),
		Weights: make([]float64, 0, size),
		Order:   make([]int, 0, size),
	}
}

// add appends a node whose ID is not smaller than the last one.
func (s *Set[N]) add(n N, id string, weight float64, order int) error {
	switch last := len(s.IDs) - 1; {
	case id == "":
		return &Error{ID: id, Err: ErrEmptyID}
	case last >= 0 && id == s.IDs[last]:
		return &Error{ID: id, Err: ErrDuplicateID}
	}
	if err := checkWeight(id, weight); err != nil {
		return err
	}
	s.Nodes = append(s.Nodes, n)
	s.IDs = append(s.IDs, id)
	s.Weights = append(s.Weights, weight+0) // makes -0 +0: checksums are over bits
	s.Order = append(s.Order, order)
	return nil
}

func checkWeight(id string, w float64) error {
	if !(w >= 0 && w <= MaxWeight) { // NaN too
		return &Error{ID: id, Err: fmt.Errorf("weight %v: %w", w, ErrWeight)}
	}
	return nil
}

// Len returns the number of nodes.
func (s *Set[N]) Len() int {
	if s == nil {
		return 0
	}
	return len(s.Nodes)
}

// Find returns the index of the node with the given ID. It takes time
// logarithmic in the number of nodes.
func (s *Set[N]) Find(id string) (i int, ok bool) {
	if s == nil {
		return 0, false
	}
	return slices.BinarySearch(s.IDs, id)
}
