package node

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/mapper"
)

// Peer is a node as other nodes call it. [Node] implements it, too.
type Peer interface {
	// States returns the members and their states as the node sees them.
	States(ctx context.Context) (map[string]State, error)
	// Clock returns the wall clock time of the node.
	Clock(ctx context.Context) (time.Time, error)
	// Keep stores the entries that are newer than those of the node, and returns
	// the versions of the node that are newer than an entry. When it succeeds,
	// the stored entries are durable.
	Keep(ctx context.Context, entries []kv.Entry) (newer []kv.Version, err error)
	// Fetch returns the entries that the node itself stores for the keys, in the
	// order of the keys. It may stop early if they are large, but not before the
	// first one.
	Fetch(ctx context.Context, keys []string) ([]kv.Entry, error)
	// Offer returns the indices of the versions that are newer than those of
	// the node.
	Offer(ctx context.Context, versions []kv.Version) ([]int, error)
	// Versions returns the versions of a bucket that the node stores and the
	// owner must have. With no owner it returns all versions of the bucket.
	Versions(ctx context.Context, bucket int, owner string) ([]kv.Version, error)
	// Digests returns, for each bucket, a digest of the versions that both the
	// node and the other must have.
	Digests(ctx context.Context, other string) ([]uint64, error)
}

// Cluster is the membership of the store.
type Cluster interface {
	// Watch yields the members, this node included, at once and after each
	// change. The name of a member is the host:port that it serves at. Its
	// metadata holds its state under [StateKey].
	Watch(ctx context.Context) iter.Seq[mapper.Update]
	// SetState publishes the state of this node.
	SetState(ctx context.Context, state State) error
	// Leave announces that this node has left.
	Leave(ctx context.Context) error
}

// StateKey is the metadata key of a member's state.
const StateKey = "state"

// ErrUnavailable means that too few nodes answered. A write that fails with it
// may have happened, or may happen later.
var ErrUnavailable = errors.New("unavailable: too few replicas answered")

// errNoReplica means that there are fewer nodes than replicas.
var errNoReplica = errors.New("no other node")

// ErrDisk means that a node cannot write to its disk.
var ErrDisk = errors.New("cannot write to disk")

// ErrTooLarge means that a key or a value exceeds its limit.
var ErrTooLarge = errors.New("too large")

// Limits of one entry, in bytes.
const (
	MaxKey   = 4 << 10
	MaxValue = 1 << 20
)
