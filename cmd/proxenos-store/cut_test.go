package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/command"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/internal/testkit/faultnet"
	"github.com/proxenos/proxenos/mapper/swim"
)

// cutFile is the environment variable for the file with the ports of the nodes that
// a node cannot reach, which tests change while the node runs. Clients reach it.
const cutFile = "PROXENOS_STORE_CUT_FILE"

// gossipOffset is the distance from the port of a node to that of its gossip.
const gossipOffset = 10_000

// installCuts has a process lose what it sends to the nodes in the file.
func installCuts(path string) {
	isCut := func(addr string) bool {
		raw, err := os.ReadFile(path)
		_, port, _ := net.SplitHostPort(addr)
		return err == nil && slices.Contains(strings.Fields(string(raw)), port)
	}
	command.Gossip = func(c *swim.Config) {
		host, text, _ := net.SplitHostPort(c.Bind)
		port, _ := strconv.Atoi(text)
		inner, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
			BindAddrs: []string{host}, BindPort: port, Logger: log.New(io.Discard, "", 0),
		})
		if err != nil {
			panic(err) // no other port, which the file does not have
		}
		c.Transport = faultnet.Cut(inner, isCut)
	}
	command.Link = func(name string, p node.Peer) node.Peer {
		return cutPeer{p, func() bool { return isCut(name) }}
	}
}

// cutPeer is a peer that does not answer while it is cut off.
type cutPeer struct {
	node.Peer
	isCut func() bool
}

// through calls the peer, unless it is cut off before or after the call.
func through[T any](ctx context.Context, p cutPeer, call func() (T, error)) (none T, err error) {
	if !p.isCut() {
		if got, err := call(); !p.isCut() {
			return got, err
		}
	}
	<-ctx.Done()
	return none, ctx.Err()
}

func (p cutPeer) View(ctx context.Context) (node.View, error) {
	return through(ctx, p, func() (node.View, error) { return p.Peer.View(ctx) })
}

func (p cutPeer) Keep(ctx context.Context, entries []kv.Entry) ([]kv.Version, error) {
	return through(ctx, p, func() ([]kv.Version, error) { return p.Peer.Keep(ctx, entries) })
}

func (p cutPeer) Fetch(ctx context.Context, keys []string) ([]kv.Entry, error) {
	return through(ctx, p, func() ([]kv.Entry, error) { return p.Peer.Fetch(ctx, keys) })
}

func (p cutPeer) Versions(ctx context.Context, bucket int, owner, after string) ([]kv.Version, error) {
	return through(ctx, p, func() ([]kv.Version, error) { return p.Peer.Versions(ctx, bucket, owner, after) })
}

func (p cutPeer) Digests(ctx context.Context, other string) ([]uint64, error) {
	return through(ctx, p, func() ([]uint64, error) { return p.Peer.Digests(ctx, other) })
}

// network is the connections between nodes.
type network struct {
	t     *testing.T
	dir   string
	ports []string
}

func newNetwork(t *testing.T, nodes int) *network {
	t.Helper()
	n := &network{t: t, dir: t.TempDir()}
	for len(n.ports) < nodes {
		port := freePort(t)
		number, err := strconv.Atoi(port)
		require.NoError(t, err)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(number+gossipOffset)))
		if err != nil {
			continue
		}
		require.NoError(t, l.Close())
		n.ports = append(n.ports, port)
	}
	n.heal()
	return n
}

// env is the environment of the i-th node.
func (n *network) env(i int) string { return cutFile + "=" + n.path(i) }

func (n *network) path(i int) string { return filepath.Join(n.dir, n.ports[i]) }

// split parts some nodes from the others.
func (n *network) split(some ...int) {
	n.t.Helper()
	var sides [2]string
	for i, port := range n.ports {
		number, err := strconv.Atoi(port)
		require.NoError(n.t, err)
		side := &sides[0]
		if slices.Contains(some, i) {
			side = &sides[1]
		}
		*side += fmt.Sprintln(port, number+gossipOffset)
	}
	for i := range n.ports {
		other := sides[1]
		if slices.Contains(some, i) {
			other = sides[0]
		}
		n.write(i, other)
	}
}

// heal connects all nodes.
func (n *network) heal() {
	n.t.Helper()
	for i := range n.ports {
		n.write(i, "")
	}
}

func (n *network) write(i int, cut string) {
	n.t.Helper()
	next := n.path(i) + ".next"
	require.NoError(n.t, os.WriteFile(next, []byte(cut), 0o600))
	require.NoError(n.t, os.Rename(next, n.path(i)))
}
