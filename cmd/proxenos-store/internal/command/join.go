package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/swim"
)

// cluster is what a node with a data file remembers of its cluster.
type cluster struct {
	Label      string   // of the gossip, unique to this store
	Members    []string // gossip addresses of the other members
	Left       []string // gossip addresses of members that left, and may come back
	Generation uint64   // of this member
}

const metaCluster = "cluster"

func loadCluster(engine kv.Engine) (c cluster, err error) {
	text, err := engine.Meta(metaCluster)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &c)
	}
	return c, err
}

// keepCluster stores the cluster now and after each change.
func (g *gossip) keepCluster(ctx context.Context, engine kv.Engine) {
	var last cluster
	store := func() {
		c := cluster{Label: g.label, Generation: g.Local().Generation}
		for _, m := range g.Members() {
			switch {
			case m.Local || m.Observer:
			case m.Status == swim.StatusLeft:
				c.Left = append(c.Left, m.Addr)
			default:
				c.Members = append(c.Members, m.Addr)
			}
		}
		if reflect.DeepEqual(c, last) {
			return
		}
		text, err := json.Marshal(c)
		if err == nil {
			err = engine.SetMeta(metaCluster, string(text))
		}
		if err != nil {
			g.log.Error("cannot store the members of the cluster", "err", err)
			return
		}
		last = c
	}
	store()
	for range g.Events(ctx) {
		store()
	}
}

// peers returns the addresses to join through.
func (c cluster) peers() []string { return slices.Concat(c.Members, c.Left) }

// remembers reports whether the node joins the members that it remembers. After a
// restart of all nodes, each would otherwise start a store of its own. Nodes that were
// terminated at once remember each other as left.
func (o *serveOptions) remembers(known cluster) bool {
	return !o.found && o.peer == "" && len(known.peers()) > 0
}

// mayServeAlone reports whether the node may start to serve if it finds none of the
// members that it remembers: all others have left.
func (o *serveOptions) mayServeAlone(known cluster) bool {
	return o.remembers(known) && len(known.Members) == 0
}

// find returns the node to join through.
func (o *serveOptions) find(ctx context.Context) (peer string, ok bool) {
	if o.found {
		return "", false
	}
	return o.access.find(ctx)
}

// laterTime bounds a call to a node at a later port, which may wait for this one.
const laterTime = 300 * time.Millisecond

// findOther looks for a node that started just before this one. Of several nodes that
// start at once, those at later ports wait for those at earlier ports and join.
func (o *serveOptions) findOther(ctx context.Context, self string) (peer string, ok bool) {
	own, end := portOf(self), o.first+locator.PeerPorts
	peer, ok = locator.Discover(ctx, o.first, min(own, end)-o.first, service, o.call)
	if later := max(own+1, o.first); !ok && o.port != 0 {
		call := o.call
		call.Limits.Call = laterTime
		peer, ok = locator.Discover(ctx, later, end-later, service, call)
	}
	return peer, ok
}

// join makes this node a member of the cluster of a peer, of the members that it
// remembers, or of a new one. It reports whether the node starts a new one.
func (o *serveOptions) join(ctx context.Context, self, peer string, known cluster, engine kv.Engine) (g *gossip, first bool, err error) {
	to, mustJoin := known, peer != ""
	switch {
	case peer != "":
		if to, err = o.joinInfo(ctx, peer, known); err != nil {
			return nil, false, err
		}
	case o.remembers(known):
		o.log.Warn("joining the members known from before; -h names another, and --found starts without them", "members", known.peers())
	default:
		fmt.Fprintln(o.std.Err, "No peer autodiscovered.")
		first = true
		to.Label = cmp.Or(to.Label, rand.Text())
	}
	g, err = o.joinGossip(ctx, self, to, mustJoin, engine)
	return g, first, err
}

// joinInfo returns the cluster of a peer.
func (o *serveOptions) joinInfo(ctx context.Context, peer string, known cluster) (cluster, error) {
	info, err := rpc.NewClient(peer, o.call).JoinInfo(ctx)
	switch {
	case errors.Is(err, rpc.ErrLegacyNode):
		return cluster{}, fmt.Errorf("peer %q: %w; join it with --legacy", peer, err)
	case err != nil:
		return cluster{}, fmt.Errorf("%w: cannot join through %q: %w", locator.ErrNoPeer, peer, err)
	case int(info.Replicas) != o.replicas:
		return cluster{}, fmt.Errorf("%w: --replicas %d: the store of %q uses %d", errUsage, o.replicas, peer, info.Replicas)
	}
	return cluster{Label: info.Label, Members: []string{info.Gossip}, Generation: known.Generation}, nil
}
