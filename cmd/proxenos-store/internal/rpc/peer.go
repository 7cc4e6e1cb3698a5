package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
)

// peer calls another node.
type peer struct{ caller *locator.Caller }

// NewPeer returns a peer for the node at host:port.
func NewPeer(addr string, cfg locator.CallConfig) node.Peer {
	return peer{locator.NewCaller(addr, cfg)}
}

func (p peer) wire() *peerwire.PeerClient { return peerwire.NewPeerClient(p.caller) }

func (p peer) View(ctx context.Context) (node.View, error) {
	v, err := p.wire().View(ctx)
	if err != nil {
		return node.View{}, err
	}
	return node.View{Clock: time.UnixMilli(v.Clock), States: v.States}, nil
}

func (p peer) Keep(ctx context.Context, entries []kv.Entry) ([]kv.Version, error) {
	newer, err := p.wire().Keep(ctx, each(entries, toEntry))
	return each(newer, fromVersion), fromFailure(err)
}

func (p peer) Fetch(ctx context.Context, keys []string) ([]kv.Entry, error) {
	entries, err := p.wire().Fetch(ctx, keys)
	return each(entries, fromEntry), err
}

func (p peer) Versions(ctx context.Context, bucket int, owner, after string) ([]kv.Version, error) {
	versions, err := p.wire().Versions(ctx, int32(bucket), owner, after)
	return each(versions, fromVersion), err
}

func (p peer) Digests(ctx context.Context, other string) ([]uint64, error) {
	digests, err := p.wire().Digests(ctx, other)
	return each(digests, func(d int64) uint64 { return uint64(d) }), err
}

func toVersion(v kv.Version) *peerwire.Version {
	return &peerwire.Version{Key: v.Key, Clock: int64(v.Clock), Writer: v.Writer, Deleted: v.Deleted}
}

// fromVersion returns the zero Version for nil.
func fromVersion(v *peerwire.Version) kv.Version {
	if v == nil {
		return kv.Version{}
	}
	return kv.Version{Key: v.Key, Deleted: v.Deleted, Timestamp: kv.Timestamp{Clock: uint64(v.Clock), Writer: v.Writer}}
}

func toEntry(e kv.Entry) *peerwire.Entry {
	return &peerwire.Entry{Version: toVersion(e.Version), Value: e.Value}
}

func fromEntry(e *peerwire.Entry) kv.Entry {
	return kv.Entry{Version: fromVersion(e.GetVersion()), Value: e.GetValue()}
}

func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// fromFailure returns an error with the reason that a node sent, or err itself.
func fromFailure(err error) error {
	var failure *peerwire.Failure
	switch {
	case !errors.As(err, &failure):
		return err
	case failure.Clock:
		return fmt.Errorf("%w: %s", kv.ErrAhead, strings.TrimPrefix(failure.Reason, kv.ErrAhead.Error()+": "))
	default:
		return errors.New(failure.Reason)
	}
}
