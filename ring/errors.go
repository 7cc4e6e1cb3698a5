package ring

import (
	"errors"
	"fmt"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// NodeError reports a node that was refused.
type NodeError struct {
	ID  string // as Config.ID returned it, or as the caller named the node
	Err error  // wraps ErrEmptyID, ErrDuplicateID, ErrUnknownID, ErrWeight, ErrAddress, ErrNumber, ErrWhole or ErrMaxLoad
}

// Error quotes the ID and gives the reason.
func (e *NodeError) Error() string { return fmt.Sprintf("node %q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *NodeError) Unwrap() error { return e.Err }

// ErrNoID reports a Config or BalancerConfig without an ID function.
var ErrNoID = nodeset.ErrNoID

// ErrEmptyID reports a node whose ID is the empty string.
var ErrEmptyID = nodeset.ErrEmptyID

// ErrDuplicateID reports an ID that two nodes share, or two IDs that are one
// server to the program that a layout agrees with.
var ErrDuplicateID = nodeset.ErrDuplicateID

// ErrUnknownID reports an ID that no node has, from [Builder.Remove],
// [Ring.Without] or [Ring.Reweight].
var ErrUnknownID = nodeset.ErrUnknownID

// ErrWeight reports a capacity that is negative, not a number, or greater than
// 1e200.
var ErrWeight = nodeset.ErrWeight

// ErrAddress reports an ID that the program a layout agrees with would not
// accept as the address of a server.
var ErrAddress = errors.New("the ID is not a server's address")

// ErrWhole reports a capacity that the program a layout agrees with would not
// accept: its weights are whole numbers of 32 bits.
var ErrWhole = errors.New("the layout takes whole capacities from 0 to 4294967295")

// ErrNumber reports an ID that the program a layout agrees with would not accept as
// the number of a server.
var ErrNumber = errors.New("the ID is not a whole number from 1 to 2147483647")

// ErrLayout reports a parameter or setting of a layout that is not valid.
var ErrLayout = errors.New("the layout's parameter is not valid")

// ErrUnit reports a Config.Unit that is negative, infinite, or not a number, or one
// set for a layout that has no unit.
var ErrUnit = errors.New("the unit must be a positive number, and only the hashed layout has one")

// ErrHashFixed reports a Config.Hash set for a layout that has its own hash.
var ErrHashFixed = errors.New("the layout fixes its own hash: leave Config.Hash nil")

// ErrHashAll reports a Config.HashAll that differs from Config.Hash, or has none
// beside it.
var ErrHashAll = nodeset.ErrHashAll

// ErrFIPS reports a layout that hashes by MD5 in a process that runs under
// GODEBUG=fips140=only. [Settings] tell which do; among servers of equal weight,
// Ketama(KetamaDefault) does not.
var ErrFIPS = prf.ErrFIPS

// ErrTooManyPoints reports capacities that need more than MaxPoints points.
// Nothing has been allocated for them. The message of Hashed names the greatest
// number of points for which they fit.
var ErrTooManyPoints = errors.New("the capacities need too many points")

// ErrNoPoints reports capacities that are all too small for a point, although
// not all are 0.
var ErrNoPoints = errors.New("the capacities are too small for a single point")

// ErrBound reports a BalancerConfig.Bound that is below 1, infinite, or not a
// number.
var ErrBound = errors.New("the bound must be 1 or more and finite")

// ErrMaxLoad reports a negative BalancerConfig.MaxLoad.
var ErrMaxLoad = errors.New("the maximum load must be 0 or more")

// ErrNoRanking reports a nil Ranking.
var ErrNoRanking = errors.New("no ranking: give a *Ring or a rendezvous set")

// nodeError turns an error of package nodeset into a *NodeError.
func nodeError(err error) error {
	if refused, ok := errors.AsType[*nodeset.Error](err); ok {
		return (*NodeError)(refused)
	}
	return err
}
