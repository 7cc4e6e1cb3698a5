package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Services are the names of what a node implements.
var Services = []string{"locator.Base", "locator.Locator", "diststore.Store"}

// requestTime bounds a request of a client, below the time it waits itself.
const requestTime = 4 * time.Second

// Handler answers the calls to a node. The embedded server answers those of the
// location service, except where who is there is decided by gossip.
type Handler struct {
	*locator.Server
	Node *node.Node
	// Invitation is for nodes that want to join.
	Invitation peerwire.Invitation
	Log        *slog.Logger
}

// Get is the call of 2009. It answers nothing for a key that is not there; when
// that cannot be known it ends the connection, as nothing would be a lie.
func (h *Handler) Get(ctx context.Context, key string) (string, error) {
	found, err := h.Read(ctx, key)
	if err != nil {
		return "", h.abandon("get", err)
	}
	return string(found.Value), nil
}

// Put is the call of 2009. It is one-way: the client does not learn whether it
// was done.
func (h *Handler) Put(ctx context.Context, key, value string) error {
	if err := h.Write(ctx, key, []byte(value)); err != nil {
		return h.abandon("put", err)
	}
	return nil
}

func (h *Handler) abandon(call string, err error) error {
	h.Log.Warn("a call of 2009 failed", "call", call, "err", err)
	return thrift.ErrAbandonRequest
}

// Write stores a value at its replicas.
func (h *Handler) Write(ctx context.Context, key string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return refused(h.Node.Put(ctx, key, value))
}

// Read returns the newest value that the replicas have.
func (h *Handler) Read(ctx context.Context, key string) (*peerwire.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	value, ok, err := h.Node.Get(ctx, key)
	if err != nil {
		return nil, refused(err)
	}
	return &peerwire.Found{Found: ok, Value: value}, nil
}

// Erase deletes a key at its replicas.
func (h *Handler) Erase(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return refused(h.Node.Delete(ctx, key))
}

// Keys lists the keys of a bucket, wherever they are.
func (h *Handler) Keys(ctx context.Context, bucket int32) ([]string, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	keys, err := h.Node.Keys(ctx, int(bucket))
	return keys, refused(err)
}

// Invite tells what a node must know to join.
func (h *Handler) Invite(context.Context) (*peerwire.Invitation, error) { return &h.Invitation, nil }

// View tells how the members stand.
func (h *Handler) View(ctx context.Context) ([]string, error) {
	view, err := h.Node.View(ctx)
	return toView(view), refused(err)
}

// Keep keeps entries at this node.
func (h *Handler) Keep(ctx context.Context, entries []*peerwire.Entry) error {
	return refused(h.Node.Keep(ctx, each(entries, fromEntry)))
}

// Fetch answers with what this node holds of the keys.
func (h *Handler) Fetch(ctx context.Context, keys []string) ([]*peerwire.Entry, error) {
	entries, err := h.Node.Fetch(ctx, keys)
	return each(entries, toEntry), refused(err)
}

// Offer answers with what this node wants of the stamps.
func (h *Handler) Offer(ctx context.Context, stamps []*peerwire.Stamp) ([]int32, error) {
	wanted, err := h.Node.Offer(ctx, each(stamps, fromStamp))
	return each(wanted, func(i int) int32 { return int32(i) }), refused(err)
}

// Held answers with what this node holds in a bucket for an owner.
func (h *Handler) Held(ctx context.Context, bucket int32, owner string) ([]*peerwire.Stamp, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	stamps, err := h.Node.Held(ctx, int(bucket), owner)
	return each(stamps, toStamp), refused(err)
}

// Sums answers with the sums of what this node shares with the other.
func (h *Handler) Sums(ctx context.Context, other string) ([]int64, error) {
	sums, err := h.Node.Sums(ctx, other)
	return each(sums, func(s uint64) int64 { return int64(s) }), refused(err)
}

func checkBucket(bucket int32) error {
	if bucket < 0 || bucket >= kv.Buckets {
		return &peerwire.Refused{Why: fmt.Sprintf("bucket %d: want 0 to %d", bucket, kv.Buckets-1)}
	}
	return nil
}

// GetAllWide answers with the members.
func (h *Handler) GetAllWide(context.Context) ([]*wire.Location, error) {
	return locations(h.Node.Members())
}

// GetNodeWide answers with the first owner of a key.
func (h *Handler) GetNodeWide(_ context.Context, key string) (*wire.Location, error) {
	owners := h.Node.Owners(key)
	if len(owners) == 0 {
		return nil, thrift.NewTApplicationException(thrift.MISSING_RESULT, "no node serves")
	}
	return locator.ParseLocation(owners[0])
}

// GetNode is GetNodeWide for clients of 2009.
func (h *Handler) GetNode(ctx context.Context, key string) (*wire.Location, error) {
	return h.GetNodeWide(ctx, key)
}

// errReplicated keeps a node of 2009 out: it ends when this call fails. In here
// it would keep single copies that nobody else knew of.
var errReplicated = thrift.NewTApplicationException(thrift.INTERNAL_ERROR,
	"this network keeps replicas; nodes of 2009 can join only nodes started with --legacy")

// GetAll is what a node of 2009 asks before it joins.
func (h *Handler) GetAll(context.Context) ([]*wire.Location, error) { return nil, errReplicated }

// Join is refused: members find each other by gossip.
func (h *Handler) Join(context.Context, *wire.Location) error {
	return h.abandon("join", errReplicated)
}

// Add is refused like Join.
func (h *Handler) Add(context.Context, *wire.Location, []*wire.Location) error {
	return h.abandon("add", errReplicated)
}

// Remove is refused like Join.
func (h *Handler) Remove(context.Context, *wire.Location, []*wire.Location) error {
	return h.abandon("remove", errReplicated)
}

// locations returns where members serve.
func locations(names []string) ([]*wire.Location, error) {
	list := make([]*wire.Location, len(names))
	for i, name := range names {
		var err error
		if list[i], err = locator.ParseLocation(name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

var _ peerwire.Peer = (*Handler)(nil)
