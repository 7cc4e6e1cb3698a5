package ring

import (
	"errors"

	"github.com/proxenos/proxenos/internal/nodeset"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// NodeError says which node was refused, and why. Its Err wraps one of the
// reasons below.
type NodeError = nodeset.NodeError

// Reasons for which New and a Builder refuse a node.
var (
	ErrEmptyID     = nodeset.ErrEmptyID
	ErrDuplicateID = nodeset.ErrDuplicateID // python-continuum: TypeError "server already added"
	ErrWeight      = nodeset.ErrWeight
	ErrNoID        = nodeset.ErrNoID

	// ErrUnknownID is the Builder's answer to removing a node it does not hold
	// (python-continuum: ValueError).
	ErrUnknownID = errors.New("no node has this ID")
	// ErrAddress refuses an ID that the program a Layout agrees with could not
	// have been given as the address of a server.
	ErrAddress = errors.New("the ID is not a server's address")
	// ErrWhole refuses a capacity that the program a Layout agrees with could
	// not have been given: its weights are whole numbers in 32 bits.
	ErrWhole = errors.New("the layout takes whole capacities from 0 to 4294967295")
)

// Reasons for which New and Builder.Build refuse a configuration.
var (
	// ErrLayout refuses the parameters of a Layout.
	ErrLayout = errors.New("the layout's parameter is out of range")
	// ErrHashFixed refuses a Config.Hash beside a Layout that brings its own.
	ErrHashFixed = errors.New("the layout fixes its own hash: leave Config.Hash nil")
	// ErrFIPS refuses a Layout that hashes by MD5 in a process that runs under
	// GODEBUG=fips140=only: every one that agrees with another program but Nginx
	// and, among equal servers, Ketama(KetamaDefault).
	ErrFIPS = prf.ErrFIPS
	// ErrTooManyPoints refuses capacities that need more than MaxPoints points,
	// before any is allocated.
	ErrTooManyPoints = errors.New("the capacities need too many points")
	// ErrNoPoints refuses capacities of which none is large enough for a point,
	// although not all are 0.
	ErrNoPoints = errors.New("the capacities are too small for a single point")
)

// Reasons for which NewBalancer and Balancer.Update refuse.
var (
	// ErrBound refuses a bound below 1, with which there would not be room for
	// every lease, not a number or infinite.
	ErrBound = errors.New("the bound must be 1 or more and finite")
	// ErrNoRanking refuses a nil Ranking.
	ErrNoRanking = errors.New("no ranking: give a *Ring or a rendezvous set")
)

// ErrNoNodes is for callers who must carry an error where Select says false:
// there is nobody to choose (python-continuum: IndexError "empty continuum").
// The package itself never returns it.
var ErrNoNodes = errors.New("no nodes to choose from")
