package locator

import (
	"context"
	"math"
	"net"
	"strconv"
)

// FirstPort is the port of the first node on a machine; the following nodes
// take the ports after it.
const FirstPort = 9900

// PeerPorts is how many ports, from the first one on, a node that was told of no
// peer asks for one.
const PeerPorts = 10

// portTries is how many ports Listen tries from Config.First on, and maxFirst
// the greatest First that leaves room for them.
const (
	portTries = 40
	maxFirst  = math.MaxUint16 - portTries + 1
)

// Discover asks n ports of this machine, from first on, for a node whose service
// type is the given one and returns the address of the first. They are FirstPort
// and PeerPorts, unless several networks share the machine. Ports where nothing
// listens cost nothing; one where something else does, or a node that does not
// serve yet, costs at most the time of a call.
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

// DiscoverEarlier asks the ports from Config.First up to the node's own for a
// node of the same service type that took its port first, and has Serve join
// its network. It is for a node that was told of no peer, discovered none and
// let Listen choose its port: of several that start at once, all but one find
// another then, and none starts a network beside it. It must come before Serve.
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
