package command

import (
	"context"
	"iter"
	"maps"
	"net"
	"strings"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim"
)

// gossip is a member of the cluster by swim.
//
// A node of the store is named by where it serves, and gossips at another port.
// A member named host:port would be taken to gossip there, so the names of
// members are "store HOST PORT".
type gossip struct {
	*swim.Cluster
	label string
	says  map[string][]byte // what this member says of itself, its state aside
}

const memberPrefix = "store "

// memberName returns the name in the cluster of a node host:port.
func memberName(node string) string {
	i := strings.LastIndexByte(node, ':')
	return memberPrefix + node[:i] + " " + node[i+1:]
}

// nodeName is memberName backwards.
func nodeName(member string) (node string, ok bool) {
	rest, ok := strings.CutPrefix(member, memberPrefix)
	i := strings.LastIndexByte(rest, ' ')
	if !ok || i < 0 {
		return "", false
	}
	return rest[:i] + ":" + rest[i+1:], true
}

// Watch yields the nodes of the store among the members.
func (g *gossip) Watch(ctx context.Context) iter.Seq2[[]mapper.Node, error] {
	return func(yield func([]mapper.Node, error) bool) {
		for members, err := range g.Cluster.Watch(ctx) {
			nodes := members[:0]
			for _, m := range members {
				if name, ok := nodeName(m.Name); ok {
					m.Name = name
					nodes = append(nodes, m)
				}
			}
			if !yield(nodes, err) {
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

var _ node.Cluster = (*gossip)(nil)

// meet joins the gossip of those who invite, or begins it when nobody gossips
// there yet. The label keeps two stores apart that share a machine, where one
// may come to gossip at a port that a dead node of the other had.
func (o *serveOptions) meet(ctx context.Context, self string, to *peerwire.Invitation) (*gossip, error) {
	g := &gossip{label: to.Label, says: map[string][]byte{swim.KeyAddr: []byte(self), swim.KeyZone: []byte(o.zone)}}
	cfg := swim.Config{Name: memberName(self), Cluster: to.Label, Metadata: g.says, Timing: swim.Local(), Logger: o.log}
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
