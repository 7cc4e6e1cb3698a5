package rpc

import (
	"context"

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

// View returns what the node knows of the store.
func (p *Peer) View(ctx context.Context) (node.View, error) {
	v, err := p.wire().View(ctx)
	if err != nil {
		return node.View{}, err
	}
	return fromView(v), nil
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

// Versions returns the versions of a bucket that the owner must have, a page of those
// after a key.
func (p *Peer) Versions(ctx context.Context, bucket int, owner, after string) ([]kv.Version, error) {
	versions, err := p.wire().Versions(ctx, int32(bucket), owner, after)
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
