package command

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
)

// How a node finds the store that it joins, and is let in.

// find returns the node to join by.
func (o *serveOptions) find(ctx context.Context) (peer string, known bool) {
	if o.found {
		return "", false
	}
	return o.access.find(ctx)
}

// findEarlier looks for a node that began just before this one, which had to
// take a later port then: if several are started at once, all but one join.
func (o *serveOptions) findEarlier(ctx context.Context, self string) (peer string, known bool) {
	if own := portOf(self); !o.found && o.port == 0 && own > o.first {
		peer, known = locator.Discover(ctx, o.first, min(own-o.first, locator.PeerPorts), service, o.call)
	}
	if !known {
		fmt.Fprintln(o.std.Err, "No peer autodiscovered.")
	}
	return peer, known
}

// enter makes this node a member of the store of a peer, or of its own.
func (o *serveOptions) enter(ctx context.Context, self, peer string) (*gossip, error) {
	if peer == "" {
		return o.meet(ctx, self, &peerwire.Invitation{Label: rand.Text(), Replicas: int32(o.replicas)})
	}
	invitation, err := rpc.NewClient(peer, o.call).Invite(ctx)
	switch {
	case rpc.IsOld(err):
		return nil, fmt.Errorf("peer %q: %w; join it with --legacy", peer, err)
	case err != nil:
		return nil, fmt.Errorf("%w: cannot join by %q: %w", locator.ErrNoPeer, peer, err)
	case int(invitation.Replicas) != o.replicas:
		return nil, fmt.Errorf("%w: --replicas %d: the store of %q keeps %d of each key, as all its nodes must", errUsage, o.replicas, peer, invitation.Replicas)
	}
	return o.meet(ctx, self, invitation)
}
