package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Services are the names of the services of a node.
var Services = []string{"locator.Base", "locator.Locator", "diststore.Store"}

// requestTime bounds a request of a client. It is shorter than the client's own
// timeout.
const requestTime = 4 * time.Second

// Handler serves the calls to a node. The embedded server serves ping,
// service_type, service_types, debug and die. Membership comes from gossip, so the
// handler replaces the server's calls for it.
type Handler struct {
	*locator.Server
	Node *node.Node
	// Info is what a node needs to join.
	Info peerwire.JoinInfo
	Log  *slog.Logger

	logged atomic.Int64 // second of the last internal error in the log
}

// Get serves the call of 2009. It returns the empty string for a missing key. On
// failure it closes the connection, as the empty string would be a wrong result.
func (h *Handler) Get(ctx context.Context, key string) (string, error) {
	found, err := h.Read(ctx, key)
	if err != nil {
		return "", h.abandon("get", err)
	}
	return string(found.Value), nil
}

// Put serves the one-way call of 2009. Its client does not wait for a reply, and does
// not learn of a failure.
func (h *Handler) Put(ctx context.Context, key, value string) error {
	err := h.within(ctx, func(ctx context.Context) error { return h.Node.Put(ctx, key, []byte(value)) })
	if err != nil {
		return h.abandon("put", err)
	}
	return nil
}

func (h *Handler) abandon(call string, err error) error {
	h.Log.Warn("a call of 2009 failed", "call", call, "err", err)
	return thrift.ErrAbandonRequest
}

// within runs a request of a client within requestTime, and returns the error to send.
func (h *Handler) within(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return h.failure(request(ctx))
}

// write runs a request that writes, unless its client has given up: it may have waited
// in a stopped process while newer writes were acknowledged.
func (h *Handler) write(ctx context.Context, request func(context.Context) error) error {
	if locator.Abandoned(ctx) {
		return thrift.ErrAbandonRequest
	}
	return h.within(ctx, request)
}

// Write stores a value at its replicas.
func (h *Handler) Write(ctx context.Context, key string, value []byte) error {
	return h.write(ctx, func(ctx context.Context) error { return h.Node.Put(ctx, key, value) })
}

// Erase deletes a key at its replicas.
func (h *Handler) Erase(ctx context.Context, key string) error {
	return h.write(ctx, func(ctx context.Context) error { return h.Node.Delete(ctx, key) })
}

// Read returns the newest value of the replicas.
func (h *Handler) Read(ctx context.Context, key string) (*peerwire.Value, error) {
	var v peerwire.Value
	err := h.within(ctx, func(ctx context.Context) (err error) {
		v.Value, v.Found, err = h.Node.Get(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// Keys returns the keys of a bucket at all nodes, a page of those after a key.
func (h *Handler) Keys(ctx context.Context, bucket int32, after string) (keys []string, err error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	err = h.within(ctx, func(ctx context.Context) (err error) {
		keys, err = h.Node.Keys(ctx, int(bucket), after)
		return err
	})
	return keys, err
}

// JoinInfo returns what a node needs to join.
func (h *Handler) JoinInfo(context.Context) (*peerwire.JoinInfo, error) { return &h.Info, nil }

// View returns what this node knows of the store.
func (h *Handler) View(ctx context.Context) (*peerwire.View, error) {
	v, err := h.Node.View(ctx)
	return toView(v), err
}

// Keep stores entries at this node and returns its versions that are newer.
func (h *Handler) Keep(ctx context.Context, entries []*peerwire.Entry) ([]*peerwire.Version, error) {
	newer, err := h.Node.Keep(ctx, each(entries, fromEntry))
	return each(newer, toVersion), h.failure(err)
}

// Fetch returns the entries that this node stores for the keys.
func (h *Handler) Fetch(ctx context.Context, keys []string) ([]*peerwire.Entry, error) {
	entries, err := h.Node.Fetch(ctx, keys)
	return each(entries, toEntry), h.failure(err)
}

// Versions returns the versions of a bucket that the owner must have, a page of those
// after a key.
func (h *Handler) Versions(ctx context.Context, bucket int32, owner, after string) ([]*peerwire.Version, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	versions, err := h.Node.Versions(ctx, int(bucket), owner, after)
	return each(versions, toVersion), h.failure(err)
}

// Digests returns the digest of each bucket that this node shares with the other.
func (h *Handler) Digests(ctx context.Context, other string) ([]int64, error) {
	digests, err := h.Node.Digests(ctx, other)
	return each(digests, func(d uint64) int64 { return int64(d) }), h.failure(err)
}

func checkBucket(bucket int32) error {
	if bucket < 0 || bucket >= kv.Buckets {
		return &peerwire.Failure{Reason: fmt.Sprintf("bucket %d: want 0 to %d", bucket, kv.Buckets-1)}
	}
	return nil
}

// GetAllWide returns the members.
func (h *Handler) GetAllWide(context.Context) (list []*wire.Location, err error) {
	for _, m := range h.Node.Members() {
		at, err := locator.ParseLocation(m.Name)
		if err != nil {
			return nil, err
		}
		list = append(list, at)
	}
	return list, nil
}

// GetNodeWide returns the first owner of a key.
func (h *Handler) GetNodeWide(_ context.Context, key string) (*wire.Location, error) {
	owners := h.Node.Owners(key)
	if len(owners) == 0 {
		return nil, thrift.NewTApplicationException(thrift.MISSING_RESULT, "no node serves")
	}
	return locator.ParseLocation(owners[0])
}

// GetNode serves clients of 2009 like GetNodeWide.
func (h *Handler) GetNode(ctx context.Context, key string) (*wire.Location, error) {
	return h.GetNodeWide(ctx, key)
}

// errReplicated keeps nodes of 2009 out, which exit when get_all fails. They would
// store single copies that no other node knows of.
var errReplicated = thrift.NewTApplicationException(thrift.INTERNAL_ERROR,
	"this store keeps replicas; nodes of 2009 can join only nodes started with --legacy")

// GetAll fails: a node of 2009 calls it before it joins.
func (h *Handler) GetAll(context.Context) ([]*wire.Location, error) { return nil, errReplicated }

// Join fails: membership comes from gossip.
func (h *Handler) Join(context.Context, *wire.Location) error {
	return h.abandon("join", errReplicated)
}

// Add fails like Join.
func (h *Handler) Add(context.Context, *wire.Location, []*wire.Location) error {
	return h.abandon("add", errReplicated)
}

// Remove fails like Join.
func (h *Handler) Remove(context.Context, *wire.Location, []*wire.Location) error {
	return h.abandon("remove", errReplicated)
}

var _ peerwire.Peer = (*Handler)(nil)
