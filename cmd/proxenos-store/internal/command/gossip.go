package command

import (
	"context"
	"iter"
	"maps"
	"net"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
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
	says map[string][]byte // what this member says of itself, its state aside
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

// meet joins the cluster of a peer, which gossips there, or founds one.
func (o *serveOptions) meet(ctx context.Context, self, peer string) (*gossip, error) {
	g := &gossip{says: map[string][]byte{swim.KeyAddr: []byte(self), swim.KeyZone: []byte(o.zone)}}
	cfg := swim.Config{Name: memberName(self), Metadata: g.says, Timing: swim.Local(), Logger: o.log}
	if !isLoopback(o.listen) {
		cfg.Timing = swim.LAN()
	}
	if peer != "" {
		cfg.Peers, cfg.MustJoin = []string{peer}, true
	}
	var err error
	if cfg.Bind, cfg.Advertise, err = o.gossipPlace(self); err != nil {
		return nil, err
	}
	if o.secret != nil {
		secret, err := swim.NewSecret(o.secret)
		if err != nil {
			return nil, err
		}
		cfg.Secrets = []swim.Secret{secret}
	}
	g.Cluster, err = swim.Join(ctx, cfg)
	return g, err
}

// gossipPlace returns where to gossip: at a free port of the same address. If
// that is every address, the others are told of the one that the node serves at.
func (o *serveOptions) gossipPlace(self string) (bind, advertise string, err error) {
	ip := net.ParseIP(o.listen)
	if ip == nil || !ip.IsUnspecified() {
		return net.JoinHostPort(hostOf(self), "0"), "", nil
	}
	free, err := net.Listen("tcp", net.JoinHostPort(o.listen, "0"))
	if err != nil {
		return "", "", err
	}
	port := strconv.Itoa(free.Addr().(*net.TCPAddr).Port)
	return net.JoinHostPort(o.listen, port), net.JoinHostPort(hostOf(self), port), free.Close()
}
