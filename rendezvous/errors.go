package rendezvous

import (
	"errors"

	"github.com/proxenos/proxenos/internal/roster"
)

// NodeError says which node New refused, and why. Its Err wraps ErrEmptyID,
// ErrDuplicateID, ErrWeight or the error of a Scorer.
type NodeError = roster.NodeError

// Reasons for which New refuses nodes.
var (
	ErrEmptyID     = roster.ErrEmptyID
	ErrDuplicateID = roster.ErrDuplicateID
	ErrWeight      = roster.ErrWeight
	ErrNoID        = roster.ErrNoID
)

// ErrNoNodes is for callers who must carry an error where Select says false:
// there is nobody to choose. The package itself never returns it.
var ErrNoNodes = errors.New("no nodes to choose from")
