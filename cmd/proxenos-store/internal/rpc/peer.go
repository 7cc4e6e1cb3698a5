package rpc

import (
	"context"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/locator"
)

// Peer is a node elsewhere.
type Peer struct{ caller *locator.Caller }

// NewPeer returns the node that serves at host:port.
func NewPeer(addr string, cfg locator.CallConfig) *Peer {
	return &Peer{locator.NewCaller(addr, cfg)}
}

// wire returns a generated client for one call.
func (p *Peer) wire() *peerwire.PeerClient { return peerwire.NewPeerClient(p.caller) }

// View returns how the members stand as the node sees it.
func (p *Peer) View(ctx context.Context) (map[string]node.State, error) {
	list, err := p.wire().View(ctx)
	return fromView(list), err
}

// Keep brings entries to the node.
func (p *Peer) Keep(ctx context.Context, entries []kv.Entry) error {
	return told(p.wire().Keep(ctx, each(entries, toEntry)))
}

// Fetch returns what the node holds of the keys.
func (p *Peer) Fetch(ctx context.Context, keys []string) ([]kv.Entry, error) {
	entries, err := p.wire().Fetch(ctx, keys)
	return each(entries, fromEntry), err
}

// Offer returns the indices of the stamps that the node wants.
func (p *Peer) Offer(ctx context.Context, stamps []kv.Stamp) ([]int, error) {
	wanted, err := p.wire().Offer(ctx, each(stamps, toStamp))
	return each(wanted, func(i int32) int { return int(i) }), err
}

// Held returns what the node holds in a bucket for an owner.
func (p *Peer) Held(ctx context.Context, bucket int, owner string) ([]kv.Stamp, error) {
	stamps, err := p.wire().Held(ctx, int32(bucket), owner)
	return each(stamps, fromStamp), err
}

// Sums returns the node's sums of what it shares with the other.
func (p *Peer) Sums(ctx context.Context, other string) ([]uint64, error) {
	sums, err := p.wire().Sums(ctx, other)
	return each(sums, func(s int64) uint64 { return uint64(s) }), err
}

// Close closes the connections that are kept.
func (p *Peer) Close() error { return p.caller.Close() }

var _ node.Peer = (*Peer)(nil)
