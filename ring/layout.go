package ring

import (
	"fmt"
	"math"
)

// MaxPoints bounds the points of one ring: 2^24, enough for 100,000 nodes of
// 160 points. A ring takes about 14 bytes a point and twice that while it is
// built, so the bound keeps a mistyped capacity from taking the machine.
const MaxPoints = 1 << 24

// Layout decides two things: where the points of the members lie, and where a
// key lands. Two programs agree on the owner of every key exactly when they
// agree on the layout. Its String names it and its parameters.
//
// Hashed is this package's own. Ketama, Nginx, Continuum, Continuum010 and
// HashRing place every key where another program places it; they see all
// members at once, as some divide a fixed total among them, and they bring
// their own hash functions. Layouts are values that any number of rings may
// share.
type Layout interface {
	fmt.Stringer
	// lay plans a ring. The members come in ascending order of ID, or as the
	// caller gave them if the layout is ordered.
	lay(members []member, hash func(string) uint64) (*plan, error)
	// ordered says that the order of the members may decide.
	ordered() bool
}

// member is what a layout sees of a node.
type member struct {
	id       string
	capacity float64
	batch    int // counts the calls to a Builder; members of one call share it
}

// plan is what a layout decides.
type plan struct {
	positions []uint64            // of the points of the first member, the second and so on
	ends      []int               // ends[i] is where the positions of the member at i end
	key       func(string) uint64 // where a key lands, below 1<<bits
	mixed     bool                // the key's hash has yet to be finalized
	bits      int                 // width of the positions where keys land
	after     bool                // a key belongs to the first point after it, not at it
	single    bool                // of points in one place only the first stays
}

// next says that the positions so far are all of the next member's.
func (p *plan) next() { p.ends = append(p.ends, len(p.positions)) }

// checkTotal refuses more points than a ring can have. It takes a float64
// because the product of points and capacity may exceed every integer.
func checkTotal(points float64) error {
	if points > MaxPoints {
		return fmt.Errorf("%.15g points, at most %d: %w", points, MaxPoints, ErrTooManyPoints)
	}
	return nil
}

// totalCapacity adds the capacities up, for a layout that divides by the sum.
func totalCapacity(members []member) (total float64) {
	for _, m := range members {
		total += m.capacity
	}
	return total
}

// wholeCapacities refuses members whose capacity is not a whole number in 32
// bits.
func wholeCapacities(members []member) error {
	for _, m := range members {
		if m.capacity != math.Trunc(m.capacity) || m.capacity > math.MaxUint32 {
			return &NodeError{ID: m.id, Err: fmt.Errorf("capacity %v: %w", m.capacity, ErrWhole)}
		}
	}
	return nil
}

// fixedHash refuses a hash function beside a layout that has its own.
func fixedHash(l Layout, hash func(string) uint64) error {
	if hash != nil {
		return fmt.Errorf("layout %s: %w", l, ErrHashFixed)
	}
	return nil
}
