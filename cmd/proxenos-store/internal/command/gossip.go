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

// gossip is a member of the cluster by swim.
//
// A node of the store is named by where it serves, and gossips at another port.
// A member named host:port would be taken to gossip there, so the names of
// members are "store HOST PORT START". With the time of its start a node that was
// killed and is back at once is not kept waiting until the others are sure that
// it was dead: it is another member, and counts instead of the one before it.
type gossip struct {
	*swim.Cluster
	label string
	says  map[string][]byte // what this member says of itself, its state aside
	log   *slog.Logger
}

const memberPrefix = "store"

// memberName returns the name in the cluster of a node that starts now.
func memberName(node string, start time.Time) string {
	return fmt.Sprintf("%s %s %d %019d", memberPrefix, hostOf(node), portOf(node), start.UnixNano())
}

// nodeName is memberName backwards. Later starts compare greater.
func nodeName(member string) (node, start string, ok bool) {
	words := strings.Split(member, " ")
	if len(words) != 4 || words[0] != memberPrefix {
		return "", "", false
	}
	return words[1] + ":" + words[2], words[3], true
}

// starts holds the latest start of each node that was ever seen: an earlier one
// may be thought alive for a while after that has come and gone.
type starts map[string]string

// latest returns the nodes of the store among the members, each once.
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

// Watch yields the nodes of the store among the members.
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

// SetState tells the others how this member stands.
func (g *gossip) SetState(_ context.Context, state node.State) error {
	says := maps.Clone(g.says)
	says[node.StateKey] = []byte(state)
	return g.SetMetadata(says)
}

// Leave tells the others that this member goes. If they cannot be told, as all go
// at once, they find out; nothing depends on it any more.
func (g *gossip) Leave(ctx context.Context) error {
	if err := g.Cluster.Leave(ctx); err != nil {
		g.log.Warn("the other members may not have heard that this one left", "err", err)
	}
	return nil
}

var _ node.Cluster = (*gossip)(nil)

// meet joins the gossip of those who invite, or begins it when nobody gossips
// there yet. The label keeps two stores apart that share a machine, where one
// may come to gossip at a port that a dead node of the other had.
func (o *serveOptions) meet(ctx context.Context, self string, to *peerwire.Invitation) (*gossip, error) {
	g := &gossip{label: to.Label, log: o.log, says: map[string][]byte{swim.KeyAddr: []byte(self), swim.KeyZone: []byte(o.zone)}}
	cfg := swim.Config{Name: memberName(self, time.Now()), Label: to.Label, Metadata: g.says, Timing: swim.Local(), Log: o.log}
	if !isLoopback(o.listen) {
		cfg.Timing = swim.LAN()
	}
	if to.Gossip != "" {
		cfg.Peers, cfg.MustJoin = []string{to.Gossip}, true
	}
	cfg.Bind, cfg.Advertise = o.gossipPlace(self)
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

// gossipPlace returns where to gossip, at a free port of the address that the
// node serves at, and what to tell the others of it if that is not the same.
func (o *serveOptions) gossipPlace(self string) (bind, advertise string) {
	told, host := hostOf(self), o.listen
	if net.ParseIP(host) == nil {
		host = told // localhost has become an address by now
	}
	if host != told {
		advertise = net.JoinHostPort(told, "0")
	}
	return net.JoinHostPort(host, "0"), advertise
}

// invitation is what this member tells those who want to join.
func (g *gossip) invitation(replicas int) peerwire.Invitation {
	return peerwire.Invitation{Gossip: g.Local().Addr, Label: g.label, Replicas: int32(replicas)}
}
