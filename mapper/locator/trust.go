package locator

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// Defaults of Config.Trust. Link-local addresses are not among them: no network of
// more than one link has them, and clouds serve credentials there.
var (
	loopback = prefixes("127.0.0.0/8", "::1/128")
	private  = append(prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"), loopback...)
)

// metadata lists the addresses at which EC2 and Compute Engine serve the metadata and
// credentials of a machine. No member has one, so no setting makes a server trust it.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd20:ce::254"),
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// trustFor returns the networks that a server trusts by default: loopback if it
// listens there, otherwise the private networks.
func trustFor(listen net.Addr) []netip.Prefix {
	if at, ok := listen.(*net.TCPAddr); ok && at.IP.IsLoopback() {
		return loopback
	}
	return private
}

// resolveTime bounds the lookup of a host name that a peer sent.
const resolveTime = 2 * time.Second

// admit returns the node at a location that a peer sent. It fails if the address is
// in no trusted network, as a peer could otherwise make this server connect to any
// address.
func (s *Server) admit(ctx context.Context, l *wire.Location) (mapper.Node, error) {
	node, err := nodeOf(l)
	if err != nil {
		return mapper.Node{}, err
	}
	if s.cfg.Legacy && isWide(node) {
		return mapper.Node{}, fmt.Errorf("node %q: a network of 2009 allows ports up to %d", node.Name, maxPort2009)
	}
	addrs, err := s.resolve(ctx, l.GetAddress())
	if err != nil {
		return mapper.Node{}, err
	}
	for _, addr := range addrs {
		if !s.trusts(addr) {
			return mapper.Node{}, fmt.Errorf("node %q: address %s is in no trusted network", node.Name, addr)
		}
	}
	return node, nil
}

// admitAll returns the nodes of a peer's list that admit accepts.
func (s *Server) admitAll(ctx context.Context, nodes []mapper.Node) []mapper.Node {
	var list []mapper.Node
	for _, n := range nodes {
		if _, err := s.admit(ctx, locationOf(n)); err != nil {
			s.warn("ignored a node in a peer's list", err)
			continue
		}
		list = append(list, n)
	}
	return list
}

// resolveMember looks up the address of a member whose host is a name, for which
// connections are reserved.
func (s *Server) resolveMember(ctx context.Context, node mapper.Node) {
	host := locationOf(node).GetAddress()
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	if addrs, err := s.resolve(ctx, host); err == nil {
		s.members.resolved(node.Name, addrs)
	}
}

func (s *Server) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

func (s *Server) trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if slices.Contains(metadata, addr) {
		return false
	}
	return slices.ContainsFunc(s.cfg.Trust, func(p netip.Prefix) bool { return p.Contains(addr) })
}
