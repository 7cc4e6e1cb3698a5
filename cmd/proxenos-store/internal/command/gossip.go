package command

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper/swim"
)

// gossip implements node.Cluster by package swim. The name of a member is that of
// its node: the host:port that the node serves at. It gossips at another port.
type gossip struct {
	*swim.Cluster
	label   string
	meta    map[string][]byte // metadata of this member except its state
	log     *slog.Logger
	stop    context.CancelFunc
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
	g.stop()
	g.running.Wait()
	return g.Cluster.Close()
}

var _ node.Cluster = (*gossip)(nil)

// joinGossip joins the gossip of a cluster. The label keeps two stores apart that
// share a machine, where a node may gossip at a port that a dead node of the other
// store used.
func (o *serveOptions) joinGossip(ctx context.Context, self string, to cluster, mustJoin bool, engine kv.Engine) (g *gossip, err error) {
	g = &gossip{label: to.Label, log: o.log, meta: map[string][]byte{swim.KeyAddr: []byte(self), swim.KeyZone: []byte(o.zone)}}
	cfg := swim.Config{
		Name: self, Label: to.Label, Peers: to.peers(), MustJoin: mustJoin, Metadata: g.meta, Timing: swim.Local(),
		Generation: to.Generation + 1, Secrets: o.secrets, Log: o.log,
	}
	if !o.onLoopback() {
		cfg.Timing = swim.LAN()
	}
	if g.Cluster, err = o.joinAt(ctx, cfg, gossipPort(self)); err != nil {
		return nil, err
	}
	o.members.gossip.Store(g)
	ctx, g.stop = context.WithCancel(context.WithoutCancel(ctx))
	g.running.Go(func() { g.keepCluster(ctx, engine) })
	return g, nil
}

// joinAt joins with a preferred port. If that is in use it takes any free port.
func (o *serveOptions) joinAt(ctx context.Context, cfg swim.Config, port string) (*swim.Cluster, error) {
	host := hostOf(cfg.Name)
	listen := o.listen
	if net.ParseIP(listen) == nil {
		listen = host // the address that localhost resolved to
	}
	cfg.Bind, cfg.Advertise = net.JoinHostPort(listen, port), net.JoinHostPort(host, port)
	Gossip(&cfg)
	c, err := swim.Join(ctx, cfg)
	if port != "0" && errors.Is(err, syscall.EADDRINUSE) {
		return o.joinAt(ctx, cfg, "0")
	}
	return c, err
}

// gossipPort returns the preferred gossip port of a node: 10000 above the port that
// it serves at, or below if there is no such port. With a fixed port a restarted
// node has the address of its former process. Otherwise the members would refuse it
// until they have declared that process dead.
func gossipPort(self string) string {
	const offset = 10000
	port := portOf(self) + offset
	if port > 65535 {
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

// joinInfo returns what a node needs to join.
func (g *gossip) joinInfo(replicas int) peerwire.JoinInfo {
	return peerwire.JoinInfo{Gossip: g.Local().Addr, Label: g.label, Replicas: int32(replicas)}
}
