package locator

import (
	"context"
	"math"
	"net"
	"strconv"
)

// FirstPort is the conventional port of the first node on a machine. Further nodes
// use the ports after it.
const FirstPort = 9900

// PeerPorts is the conventional number of ports, from the first one on, at which a
// node without a peer looks for one.
const PeerPorts = 10

// portTries is how many ports Listen tries from Config.First on, and maxFirst the
// greatest First that leaves room for them.
const (
	portTries = 40
	maxFirst  = math.MaxUint16 - portTries + 1
)

// Discover returns the host:port of the first node of a service type on this
// machine, among n ports from first on. Use [FirstPort] and [PeerPorts] unless
// several networks share the machine. A closed port costs almost nothing. A port
// at which another program listens, or a node that does not serve yet, costs at
// most the time of a call.
func Discover(ctx context.Context, first, n int, service string, cfg CallConfig) (addr string, ok bool) {
	for port := first; port < first+n && ctx.Err() == nil; port++ {
		addr := net.JoinHostPort("localhost", strconv.Itoa(port))
		got, err := NewClient(addr, cfg).ServiceType(ctx)
		if err == nil && got == service {
			return addr, true
		}
	}
	return "", false
}

// DiscoverEarlier looks for a node of the same service type at the ports from
// [Config.First] up to the server's own, and makes [Server.Serve] join it. Call it
// before Serve if [Discover] found no peer and [Listen] chose the port: of several
// nodes that start at once, all but the first then join the first instead of
// starting networks of their own.
func (s *Server) DiscoverEarlier(ctx context.Context) (peer string, ok bool) {
	own := s.listener.Addr().(*net.TCPAddr).Port
	if s.cfg.Peer != "" || s.cfg.Port != 0 || s.cfg.First == 0 || own <= s.cfg.First {
		return "", false
	}
	service := s.cfg.Services[len(s.cfg.Services)-1]
	peer, ok = Discover(ctx, s.cfg.First, min(own-s.cfg.First, PeerPorts), service, s.cfg.Call)
	if ok {
		s.cfg.Peer = peer
	}
	return peer, ok
}
