package ring

import (
	"fmt"
	"math"
)

// MaxPoints is the greatest number of points of a ring: 2^24, enough for 100,000
// nodes of 160 points. A ring takes about 14 bytes a point, and twice that while
// it is built; the bound protects the memory of the machine from a mistyped
// capacity.
const MaxPoints = 1 << 24

// Layout decides where the points of the nodes lie and which position a key has.
// Two programs agree on the owner of every key exactly when they agree on the
// layout. String returns its name and parameters.
//
// [Hashed] is the layout of this package. The others give every key to the same
// node as another program, with that program's hash functions. They are [Settings]
// with the name of the program; [Custom] takes settings for a program without a
// name here. Layouts are immutable values that rings may share.
type Layout interface {
	fmt.Stringer
	// place computes the points of a ring. Members are sorted by ID, or in the
	// caller's order if the layout is ordered.
	place(members []member, hash func(string) uint64) (*plan, error)
	// ordered reports whether the order of the members can decide placement.
	ordered() bool
}

// member is a node as a layout sees it.
type member struct {
	id       string
	capacity float64
	batch    int // number of the call to a Builder that added the member
}

// plan is the result of Layout.place.
type plan struct {
	positions []uint64                           // of the points of the first member, the second and so on
	ends      []int                              // ends[i] is where the positions of the member at i end
	key       func(string) uint64                // returns the position of a key, below 1<<bits
	keyAll    func(sums []uint64, keys []string) // key of many keys; nil calls key for each
	finalize  bool                               // key returns a hash that is not finalized yet
	bits      int                                // width of a key position
	lookup    lookup                             // which point a key belongs to
	keep      keep                               // which of the points at one position stay
}

// next ends the positions of a member.
func (p *plan) next() { p.ends = append(p.ends, len(p.positions)) }

// checkTotal refuses more points than a ring may have. It takes a float64 because
// the product of points and capacity may overflow an integer.
func checkTotal(points float64) error {
	if points > MaxPoints {
		return fmt.Errorf("%.15g points, at most %d: %w", points, MaxPoints, ErrTooManyPoints)
	}
	return nil
}

// totalCapacity returns the sum of the capacities.
func totalCapacity(members []member) (total float64) {
	for _, m := range members {
		total += m.capacity
	}
	return total
}

// wholeCapacities refuses members whose capacity is not a whole number of 32
// bits.
func wholeCapacities(members []member) error {
	for _, m := range members {
		if m.capacity != math.Trunc(m.capacity) || m.capacity > math.MaxUint32 {
			return &NodeError{ID: m.id, Err: fmt.Errorf("capacity %v: %w", m.capacity, ErrWhole)}
		}
	}
	return nil
}
