package node

import (
	"context"
	"errors"
	"iter"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/mapper"
)

// Peer is another node, or this one.
type Peer interface {
	// View returns how the members stand as the node sees it.
	View(ctx context.Context) (map[string]State, error)
	// Keep keeps what is newer than what the node has. When it returns nil,
	// that is safe.
	Keep(ctx context.Context, entries []kv.Entry) error
	// Fetch returns what the node itself holds of the keys, in any order.
	Fetch(ctx context.Context, keys []string) ([]kv.Entry, error)
	// Offer returns the indices of the stamps that the node lacks or has
	// older ones of.
	Offer(ctx context.Context, stamps []kv.Stamp) ([]int, error)
	// Held returns what the node holds in a bucket that the owner should have;
	// no owner means all of it.
	Held(ctx context.Context, bucket int, owner string) ([]kv.Stamp, error)
	// Sums returns one sum for each bucket of what belongs both to the node
	// and to the other.
	Sums(ctx context.Context, other string) ([]uint64, error)
}

// Cluster tells who the members are.
type Cluster interface {
	// Watch yields the members, this one included, at once and after each
	// change. The name of a node is where it serves; its state is in its
	// metadata under StateKey.
	Watch(ctx context.Context) iter.Seq[mapper.Update]
	// SetState tells the others how this member stands.
	SetState(ctx context.Context, state State) error
	// Leave tells the others that this member is gone.
	Leave(ctx context.Context) error
}

// StateKey is the key of the metadata under which a member tells its state.
const StateKey = "state"

// ErrUnavailable means that too few nodes answered. A write that failed so may
// have happened or may happen yet; a read that failed so says nothing.
var ErrUnavailable = errors.New("unavailable: too few replicas answered")

// errNobody means that there are fewer nodes than replicas are wanted.
var errNobody = errors.New("nobody else is there")

// ErrDisk means that a node cannot write to its disk.
var ErrDisk = errors.New("cannot write to disk")

// ErrTooLarge means that a key or a value exceeds its limit.
var ErrTooLarge = errors.New("too large")

// Limits of one entry, in bytes.
const (
	MaxKey   = 4 << 10
	MaxValue = 1 << 20
)
