package rpc

import (
	"context"
	"errors"
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

// handler serves the calls that peer.thrift declares. The embedded server serves ping,
// service_type, service_types, debug and die. Membership comes from gossip, so the
// handler replaces the server's calls for it.
type handler struct {
	*locator.Server
	node *node.Node
	info peerwire.JoinInfo
	log  *slog.Logger

	logged atomic.Int64 // second of the last internal error in the log
}

// NewProcessor returns what the server serves for a node. Info is what another node needs
// to join.
func NewProcessor(server *locator.Server, n *node.Node, info peerwire.JoinInfo, log *slog.Logger) thrift.TProcessor {
	return peerwire.NewPeerProcessor(&handler{Server: server, node: n, info: info, log: log})
}

// Get serves the call of 2009. It returns the empty string for a missing key. On
// failure it closes the connection, as the empty string would be a wrong result.
func (h *handler) Get(ctx context.Context, key string) (string, error) {
	found, err := h.Read(ctx, key)
	if err != nil {
		return "", h.abandon("get", err)
	}
	return string(found.Value), nil
}

// Put serves the one-way call of 2009. Its client does not wait for a reply, and does
// not learn of a failure.
func (h *handler) Put(ctx context.Context, key, value string) error {
	err := h.within(ctx, func(ctx context.Context) error { return h.node.Put(ctx, key, []byte(value)) })
	if err != nil {
		return h.abandon("put", err)
	}
	return nil
}

func (h *handler) abandon(call string, err error) error {
	h.log.Warn("a call of 2009 failed", "call", call, "err", err)
	return thrift.ErrAbandonRequest
}

// within runs a request of a client within requestTime, and returns the error to send.
func (h *handler) within(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return h.failure(request(ctx))
}

// failure returns the error to send to a caller. Errors that are not meant for callers
// go to the log, at most one per second.
func (h *handler) failure(err error) error {
	if err == nil {
		return nil
	}
	for _, public := range []error{node.ErrUnavailable, node.ErrTooLarge, node.ErrDisk, kv.ErrAhead} {
		if errors.Is(err, public) {
			return &peerwire.Failure{Reason: err.Error(), Clock: errors.Is(err, kv.ErrAhead)}
		}
	}
	if now, last := time.Now().Unix(), h.logged.Load(); now != last && h.logged.CompareAndSwap(last, now) {
		h.log.Error("a call failed", "err", err)
	}
	return &peerwire.Failure{Reason: "internal error; see the node's log"}
}

// write runs a request that writes, unless its client has given up: it may have waited
// in a stopped process while newer writes were acknowledged.
func (h *handler) write(ctx context.Context, request func(context.Context) error) error {
	if locator.Abandoned(ctx) {
		h.log.Warn("a write is not executed: its client has given up")
		return thrift.ErrAbandonRequest
	}
	return h.within(ctx, request)
}

func (h *handler) Write(ctx context.Context, key string, value []byte) error {
	return h.write(ctx, func(ctx context.Context) error { return h.node.Put(ctx, key, value) })
}

func (h *handler) Erase(ctx context.Context, key string) error {
	return h.write(ctx, func(ctx context.Context) error { return h.node.Delete(ctx, key) })
}

func (h *handler) Read(ctx context.Context, key string) (*peerwire.Value, error) {
	var v peerwire.Value
	err := h.within(ctx, func(ctx context.Context) (err error) {
		v.Value, v.Found, err = h.node.Get(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &v, nil
}

func (h *handler) Keys(ctx context.Context, bucket int32, after string) (keys []string, err error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	err = h.within(ctx, func(ctx context.Context) (err error) {
		keys, err = h.node.Keys(ctx, int(bucket), after)
		return err
	})
	return keys, err
}

func (h *handler) JoinInfo(context.Context) (*peerwire.JoinInfo, error) { return &h.info, nil }

func (h *handler) View(ctx context.Context) (*peerwire.View, error) {
	v, err := h.node.View(ctx)
	return &peerwire.View{Clock: v.Clock.UnixMilli(), States: v.States}, err
}

func (h *handler) Keep(ctx context.Context, entries []*peerwire.Entry) ([]*peerwire.Version, error) {
	newer, err := h.node.Keep(ctx, each(entries, fromEntry))
	return each(newer, toVersion), h.failure(err)
}

func (h *handler) Fetch(ctx context.Context, keys []string) ([]*peerwire.Entry, error) {
	entries, err := h.node.Fetch(ctx, keys)
	return each(entries, toEntry), h.failure(err)
}

func (h *handler) Versions(ctx context.Context, bucket int32, owner, after string) ([]*peerwire.Version, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	versions, err := h.node.Versions(ctx, int(bucket), owner, after)
	return each(versions, toVersion), h.failure(err)
}

func (h *handler) Digests(ctx context.Context, other string) ([]int64, error) {
	digests, err := h.node.Digests(ctx, other)
	return each(digests, func(d uint64) int64 { return int64(d) }), h.failure(err)
}

func checkBucket(bucket int32) error {
	if bucket < 0 || bucket >= kv.Buckets {
		return &peerwire.Failure{Reason: fmt.Sprintf("bucket %d: want 0 to %d", bucket, kv.Buckets-1)}
	}
	return nil
}

func (h *handler) GetAllWide(context.Context) (list []*wire.Location, err error) {
	for _, m := range h.node.Members() {
		at, err := locator.ParseLocation(m.Name)
		if err != nil {
			return nil, err
		}
		list = append(list, at)
	}
	return list, nil
}

func (h *handler) GetNodeWide(_ context.Context, key string) (*wire.Location, error) {
	owners := h.node.Owners(key)
	if len(owners) == 0 {
		return nil, thrift.NewTApplicationException(thrift.MISSING_RESULT, "no node serves")
	}
	return locator.ParseLocation(owners[0])
}

func (h *handler) GetNode(ctx context.Context, key string) (*wire.Location, error) {
	return h.GetNodeWide(ctx, key)
}

// errReplicated keeps nodes of 2009 out, which exit when get_all fails. They would
// store single copies that no other node knows of.
var errReplicated = thrift.NewTApplicationException(thrift.INTERNAL_ERROR,
	"this store keeps replicas; nodes of 2009 can join only nodes started with --legacy")

// GetAll fails: a node of 2009 calls it before it joins.
func (h *handler) GetAll(context.Context) ([]*wire.Location, error) { return nil, errReplicated }

// Join fails: membership comes from gossip.
func (h *handler) Join(context.Context, *wire.Location) error {
	return h.abandon("join", errReplicated)
}

func (h *handler) Add(context.Context, *wire.Location, []*wire.Location) error {
	return h.abandon("add", errReplicated)
}

func (h *handler) Remove(context.Context, *wire.Location, []*wire.Location) error {
	return h.abandon("remove", errReplicated)
}
