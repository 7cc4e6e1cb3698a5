package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
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

func (g *gossip) storeCluster(engine kv.Engine) {
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
	text, err := json.Marshal(c)
	if err == nil {
		err = engine.SetMeta(metaCluster, string(text))
	}
	if err != nil {
		g.log.Error("cannot store the members of the cluster", "err", err)
	}
}

func (c cluster) peers() []string { return slices.Concat(c.Members, c.Left) }

// remembers reports whether the node joins the members that it remembers. After a
// restart of all nodes, each would otherwise start a store of its own. Nodes that were
// terminated at once remember each other as left.
func (o *serveOptions) remembers() bool {
	return !o.found && o.peer == "" && len(o.known.peers()) > 0
}

// laterTime bounds a call to a node at a later port, which may wait for this one.
const laterTime = 300 * time.Millisecond

// findOther looks for a node that started just before this one. Of several nodes that
// start at once, those at later ports wait for those at earlier ports and join.
func (o *serveOptions) findOther(ctx context.Context, self string) (peer string, ok bool) {
	_, own := splitName(self)
	end := o.first + locator.PeerPorts
	peer, ok = locator.Discover(ctx, o.first, min(own, end)-o.first, service, o.call)
	if later := max(own+1, o.first); !ok && o.port != 0 {
		call := o.call
		call.Limits.Call = laterTime
		peer, ok = locator.Discover(ctx, later, end-later, service, call)
	}
	return peer, ok
}

// join makes this node a member of the cluster of a peer, of the members that it
// remembers, or of a new one.
func (o *serveOptions) join(ctx context.Context, self, peer string, engine kv.Engine) (g *gossip, err error) {
	to := o.known
	switch {
	case peer != "":
		if to, err = o.joinInfo(ctx, peer); err != nil {
			return nil, err
		}
	case o.remembers():
		o.log.Warn("joining the members known from before; -h names another, and --found starts without them", "members", to.peers())
	default:
		fmt.Fprintln(o.std.Err, "No peer autodiscovered.")
		to.Label = cmp.Or(to.Label, rand.Text())
	}
	return o.joinGossip(ctx, self, to, peer != "", engine)
}

func (o *serveOptions) joinInfo(ctx context.Context, peer string) (cluster, error) {
	info, err := rpc.NewClient(peer, o.call).JoinInfo(ctx)
	switch {
	case errors.Is(err, rpc.ErrLegacyNode):
		return cluster{}, fmt.Errorf("peer %q: %w; join it with --legacy", peer, err)
	case err != nil:
		return cluster{}, fmt.Errorf("%w: cannot join through %q: %w", locator.ErrNoPeer, peer, err)
	case int(info.Replicas) != o.replicas:
		return cluster{}, fmt.Errorf("%w: --replicas %d: the store of %q uses %d", errUsage, o.replicas, peer, info.Replicas)
	}
	return cluster{Label: info.Label, Members: []string{info.Gossip}, Generation: o.known.Generation}, nil
}

// gossip implements node.Cluster by package swim. The name of a member is that of
// its node: the host:port that the node serves at. It gossips at another port.
type gossip struct {
	*swim.Cluster
	label   string
	meta    map[string][]byte // metadata of this member except its state
	log     *slog.Logger
	running sync.WaitGroup
}

// SetState publishes the state of this node.
func (g *gossip) SetState(_ context.Context, state node.State) error {
	meta := maps.Clone(g.meta)
	meta[node.StateKey] = []byte(state)
	return g.SetMetadata(meta)
}

// Leave announces that this node leaves. A failure, as when all nodes leave at
// once, does no harm: the others detect it.
func (g *gossip) Leave(ctx context.Context) error {
	if err := g.Cluster.Leave(ctx); err != nil {
		g.log.Warn("announcing the leave failed", "err", err)
	}
	return nil
}

// Close stops gossiping.
func (g *gossip) Close() error {
	err := g.Cluster.Close()
	g.running.Wait()
	return err
}

// joinGossip joins the gossip of a cluster. The label keeps two stores apart that
// share a machine, where a node may gossip at a port that a dead node of the other
// store used.
func (o *serveOptions) joinGossip(ctx context.Context, self string, to cluster, mustJoin bool, engine kv.Engine) (g *gossip, err error) {
	g = &gossip{label: to.Label, log: o.log, meta: map[string][]byte{swim.KeyAddr: []byte(self), swim.KeyZone: []byte(o.zone)}}
	cfg := swim.Config{
		Name: self, Label: to.Label, Peers: to.peers(), MustJoin: mustJoin, Metadata: g.meta, Timing: swim.Local(),
		Generation: to.Generation + 1, Secrets: o.secrets, Log: o.log,
	}
	if !o.loopback {
		cfg.Timing = swim.LAN()
	}
	host, port := splitName(self)
	listen := o.listen
	if net.ParseIP(listen) == nil {
		listen = host // the address that localhost resolved to
	}
	for _, at := range []string{gossipPort(port), "0"} { // any free port if that is in use
		cfg.Bind, cfg.Advertise = net.JoinHostPort(listen, at), net.JoinHostPort(host, at)
		Gossip(&cfg)
		if g.Cluster, err = swim.Join(ctx, cfg); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	o.members.gossip.Store(g)
	g.running.Go(func() {
		for range g.Events(context.WithoutCancel(ctx)) { // the first of which is of this member
			g.storeCluster(engine)
		}
	})
	return g, nil
}

// gossipPort returns the preferred gossip port of a node: 10000 above the port that
// it serves at, or below if there is no such port. With a fixed port a restarted
// node has the address of its former process. Otherwise the members would refuse it
// until they have declared that process dead.
func gossipPort(port int) string {
	const offset = 10000
	if port += offset; port > 65535 {
		port -= 2 * offset
	}
	return strconv.Itoa(port)
}

// memberAddrs reports the addresses of the members, for which connections are
// reserved. It knows none until gossip is set.
type memberAddrs struct{ gossip atomic.Pointer[gossip] }

func (k *memberAddrs) has(a net.Addr) bool {
	g := k.gossip.Load()
	host, _, err := net.SplitHostPort(a.String())
	return g != nil && err == nil && slices.ContainsFunc(g.Members(), func(m swim.Member) bool {
		at, _, _ := net.SplitHostPort(m.Addr)
		return at == host && !m.Observer
	})
}
