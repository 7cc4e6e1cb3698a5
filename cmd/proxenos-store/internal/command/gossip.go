package command

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net"
	"strings"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim"
)

// gossip implements node.Cluster by package swim.
//
// The name of a node is the host:port that it serves at, and it gossips at another
// port. A member named host:port would advertise that address for gossip, so the
// name of a member is "store HOST PORT START". As the name includes the start time,
// a restarted node is a new member that supersedes the old one, and need not wait
// until the others have declared the old one dead.
type gossip struct {
	*swim.Cluster
	label string
	meta  map[string][]byte // metadata of this member except its state
	log   *slog.Logger
}

const memberPrefix = "store"

// memberName returns the member name of a node started at a time.
func memberName(node string, start time.Time) string {
	return fmt.Sprintf("%s %s %d %019d", memberPrefix, hostOf(node), portOf(node), start.UnixNano())
}

// nodeName parses a member name. Later starts compare greater.
func nodeName(member string) (node, start string, ok bool) {
	words := strings.Split(member, " ")
	if len(words) != 4 || words[0] != memberPrefix {
		return "", "", false
	}
	return words[1] + ":" + words[2], words[3], true
}

// starts holds the latest start of each node seen. Members of earlier starts may
// count as alive for a while and are ignored.
type starts map[string]string

// latest returns the latest member of each node, under the name of the node.
func (starts starts) latest(members []mapper.Node) []mapper.Node {
	for _, m := range members {
		if name, start, ok := nodeName(m.Name); ok {
			starts[name] = max(starts[name], start)
		}
	}
	nodes := members[:0]
	for _, m := range members {
		if name, start, ok := nodeName(m.Name); ok && start == starts[name] {
			m.Name = name
			nodes = append(nodes, m)
		}
	}
	return nodes
}

// Watch yields the nodes of the store.
func (g *gossip) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		seen := starts{}
		for u := range g.Cluster.Watch(ctx) {
			u.Nodes = seen.latest(u.Nodes)
			if !yield(u) {
				return
			}
		}
	}
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

var _ node.Cluster = (*gossip)(nil)

// joinGossip joins the gossip of a store, or starts one if the info has no address.
// The label keeps two stores apart that share a machine, where a node may gossip
// at a port that a dead node of the other store used.
func (o *serveOptions) joinGossip(ctx context.Context, self string, to *peerwire.JoinInfo) (*gossip, error) {
	g := &gossip{label: to.Label, log: o.log, meta: map[string][]byte{swim.KeyAddr: []byte(self), swim.KeyZone: []byte(o.zone)}}
	cfg := swim.Config{Name: memberName(self, time.Now()), Label: to.Label, Metadata: g.meta, Timing: swim.Local(), Log: o.log}
	if !isLoopback(o.listen) {
		cfg.Timing = swim.LAN()
	}
	if to.Gossip != "" {
		cfg.Peers, cfg.MustJoin = []string{to.Gossip}, true
	}
	cfg.Bind, cfg.Advertise = o.gossipAddr(self)
	if o.secret != nil {
		secret, err := swim.NewSecret(o.secret)
		if err != nil {
			return nil, err
		}
		cfg.Secrets = []swim.Secret{secret}
	}
	var err error
	g.Cluster, err = swim.Join(ctx, cfg)
	return g, err
}

// gossipAddr returns the address to gossip at, a free port of the host that the node
// listens on, and the address to advertise if its host differs.
func (o *serveOptions) gossipAddr(self string) (bind, advertise string) {
	advertised, host := hostOf(self), o.listen
	if net.ParseIP(host) == nil {
		host = advertised // the address that localhost resolved to
	}
	if host != advertised {
		advertise = net.JoinHostPort(advertised, "0")
	}
	return net.JoinHostPort(host, "0"), advertise
}

// joinInfo returns what a node needs to join.
func (g *gossip) joinInfo(replicas int) peerwire.JoinInfo {
	return peerwire.JoinInfo{Gossip: g.Local().Addr, Label: g.label, Replicas: int32(replicas)}
}
