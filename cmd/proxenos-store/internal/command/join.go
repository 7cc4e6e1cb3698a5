package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
)

// find returns the node to join through.
func (o *serveOptions) find(ctx context.Context) (peer string, ok bool) {
	if o.found {
		return "", false
	}
	return o.access.find(ctx)
}

// findEarlier looks for a node at an earlier port that started just before this
// one. Of several nodes that start at once, it lets all but the first join.
func (o *serveOptions) findEarlier(ctx context.Context, self string) (peer string, ok bool) {
	if own := portOf(self); !o.found && o.port == 0 && own > o.first {
		peer, ok = locator.Discover(ctx, o.first, min(own-o.first, locator.PeerPorts), service, o.call)
	}
	if !ok {
		fmt.Fprintln(o.std.Err, "No peer autodiscovered.")
	}
	return peer, ok
}

// join joins the gossip of the store of a peer, or starts one without a peer.
func (o *serveOptions) join(ctx context.Context, self, peer string, engine kv.Engine) (*gossip, error) {
	if peer == "" {
		return o.joinGossip(ctx, self, &peerwire.JoinInfo{Label: rand.Text(), Replicas: int32(o.replicas)}, engine)
	}
	info, err := rpc.NewClient(peer, o.call).JoinInfo(ctx)
	switch {
	case errors.Is(err, rpc.ErrLegacyNode):
		return nil, fmt.Errorf("peer %q: %w; join it with --legacy", peer, err)
	case err != nil:
		return nil, fmt.Errorf("%w: cannot join through %q: %w", locator.ErrNoPeer, peer, err)
	case int(info.Replicas) != o.replicas:
		return nil, fmt.Errorf("%w: --replicas %d: the store of %q uses %d", errUsage, o.replicas, peer, info.Replicas)
	}
	return o.joinGossip(ctx, self, info, engine)
}
