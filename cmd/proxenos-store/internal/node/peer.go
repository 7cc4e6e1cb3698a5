package node

import (
	"context"
	"errors"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
)

// Peer is a node as other nodes call it. [Node] implements it, too.
type Peer interface {
	// View returns what the node knows of the store.
	View(ctx context.Context) (View, error)
	// Keep stores the entries that are newer than those of the node, and returns
	// the versions of the node that are newer than an entry. When it succeeds,
	// the stored entries are durable.
	Keep(ctx context.Context, entries []kv.Entry) (newer []kv.Version, err error)
	// Fetch returns the entries that the node itself stores for the keys, in the
	// order of the keys. It may stop early if they are large, but not before the
	// first one.
	Fetch(ctx context.Context, keys []string) ([]kv.Entry, error)
	// Versions returns the versions of a bucket that the node stores and the owner
	// must have, in the order of their keys; with no owner, all of them. It returns
	// one page of those after a key; [Pages] gets all.
	Versions(ctx context.Context, bucket int, owner, after string) ([]kv.Version, error)
	// Digests returns, for each bucket, a digest of the versions that both the
	// node and the other must have.
	Digests(ctx context.Context, other string) ([]uint64, error)
}

// View is what a node knows of the store.
type View struct {
	Clock  time.Time        // the wall clock of the node
	States map[string]State // of the members
}

// ErrUnavailable means that too few nodes answered. A write that fails with it
// may have happened, or may happen later.
var ErrUnavailable = errors.New("unavailable: too few replicas answered")

var errNoReplica = errors.New("no other node")

// ErrDisk means that a node cannot read or write its data.
var ErrDisk = errors.New("cannot use the data")

// ErrTooLarge means that a key or a value exceeds its limit.
var ErrTooLarge = errors.New("too large")

// Limits of one entry, in bytes.
const (
	MaxKey   = 4 << 10
	MaxValue = 1 << 20
)
