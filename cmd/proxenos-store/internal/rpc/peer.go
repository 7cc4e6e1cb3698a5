package rpc

import (
	"context"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
)

// Peer calls another node.
type Peer struct{ caller *locator.Caller }

// NewPeer returns a peer for the node at host:port.
func NewPeer(addr string, cfg locator.CallConfig) *Peer {
	return &Peer{locator.NewCaller(addr, cfg)}
}

// wire returns a generated client for one call.
func (p *Peer) wire() *peerwire.PeerClient { return peerwire.NewPeerClient(p.caller) }

// States returns the members and their states as the node sees them.
func (p *Peer) States(ctx context.Context) (map[string]node.State, error) {
	list, err := p.wire().States(ctx)
	return fromStates(list), err
}

// Clock returns the wall clock time of the node.
func (p *Peer) Clock(ctx context.Context) (time.Time, error) {
	milliseconds, err := p.wire().Clock(ctx)
	return time.UnixMilli(milliseconds), err
}

// Keep sends entries to the node and returns its versions that are newer.
func (p *Peer) Keep(ctx context.Context, entries []kv.Entry) ([]kv.Version, error) {
	newer, err := p.wire().Keep(ctx, each(entries, toEntry))
	return each(newer, fromVersion), fromFailure(err)
}

// Fetch returns the entries that the node stores for the keys.
func (p *Peer) Fetch(ctx context.Context, keys []string) ([]kv.Entry, error) {
	entries, err := p.wire().Fetch(ctx, keys)
	return each(entries, fromEntry), err
}

// Offer returns the indices of the versions that are newer than those of the node.
func (p *Peer) Offer(ctx context.Context, versions []kv.Version) ([]int, error) {
	wanted, err := p.wire().Offer(ctx, each(versions, toVersion))
	return each(wanted, func(i int32) int { return int(i) }), err
}

// Versions returns the versions of a bucket that the owner must have.
func (p *Peer) Versions(ctx context.Context, bucket int, owner string) ([]kv.Version, error) {
	versions, err := p.wire().Versions(ctx, int32(bucket), owner)
	return each(versions, fromVersion), err
}

// Digests returns the digest of each bucket that the node shares with the other.
func (p *Peer) Digests(ctx context.Context, other string) ([]uint64, error) {
	digests, err := p.wire().Digests(ctx, other)
	return each(digests, func(d int64) uint64 { return uint64(d) }), err
}

// Close closes idle connections.
func (p *Peer) Close() error { return p.caller.Close() }

var _ node.Peer = (*Peer)(nil)
