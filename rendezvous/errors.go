package rendezvous

import (
	"errors"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// NodeError says which node New refused, and why. Its Err wraps ErrEmptyID,
// ErrDuplicateID, ErrWeight or the error of a Scorer.
type NodeError = nodeset.NodeError

// Reasons for which New refuses nodes.
var (
	ErrEmptyID     = nodeset.ErrEmptyID
	ErrDuplicateID = nodeset.ErrDuplicateID
	ErrWeight      = nodeset.ErrWeight
	ErrNoID        = nodeset.ErrNoID
)

// ErrNoNodes is for callers who must carry an error where Select says false:
// there is nobody to choose. The package itself never returns it.
var ErrNoNodes = errors.New("no nodes to choose from")
