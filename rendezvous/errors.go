package rendezvous

import (
	"errors"
	"fmt"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// NodeError reports a node that was refused.
type NodeError struct {
	ID  string // as Config.ID returned it, or as the caller named the node
	Err error  // wraps ErrEmptyID, ErrDuplicateID, ErrUnknownID, ErrWeight or the error of a Scorer
}

// Error quotes the ID and gives the reason.
func (e *NodeError) Error() string { return fmt.Sprintf("node %q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *NodeError) Unwrap() error { return e.Err }

// ErrNoID reports a Config without an ID function.
var ErrNoID = nodeset.ErrNoID

// ErrEmptyID reports a node whose ID is the empty string.
var ErrEmptyID = nodeset.ErrEmptyID

// ErrDuplicateID reports an ID that two nodes share.
var ErrDuplicateID = nodeset.ErrDuplicateID

// ErrUnknownID reports an ID that no node of the set has, from [Set.Without] or
// [Set.Reweight].
var ErrUnknownID = nodeset.ErrUnknownID

// ErrWeight reports a weight that is negative, not a number, or greater than
// 1e200.
var ErrWeight = nodeset.ErrWeight

// ErrHashAll reports a Config.HashAll that differs from Config.Hash, or has none
// beside it.
var ErrHashAll = nodeset.ErrHashAll

// ErrNoScore reports a [Scorer] that returned neither a function nor an error,
// or a [Pairwise] scorer of a nil function.
var ErrNoScore = errors.New("the scorer has no score function")

// ErrTableBits reports a size of a [Table] outside MinTableBits to MaxTableBits.
var ErrTableBits = errors.New("the bits of a table must be from 1 to 24")

// nodeError turns an error of package nodeset into a *NodeError.
func nodeError(err error) error {
	if refused, ok := errors.AsType[*nodeset.Error](err); ok {
		return (*NodeError)(refused)
	}
	return err
}
