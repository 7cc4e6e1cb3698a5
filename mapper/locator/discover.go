package locator

import (
	"context"
	"net"
	"strconv"
)

// FirstPort is the port of the first node on a machine; the following nodes
// take the ports after it.
const FirstPort = 9900

const (
	portTries = 40 // ports that Listen tries from the first one on
	peerTries = 10 // ports that Discover asks from the first one on
)

// Discover asks ten ports of this machine, from first on, for a node whose
// service type is the given one and returns the address of the first. First is
// FirstPort, unless several networks share the machine. Ports where nothing
// listens cost nothing; one where something else does costs at most the time of
// a call.
func Discover(ctx context.Context, first int, service string, cfg CallConfig) (addr string, ok bool) {
	for port := first; port < first+peerTries && ctx.Err() == nil; port++ {
		addr := net.JoinHostPort("localhost", strconv.Itoa(port))
		got, err := NewClient(addr, cfg).ServiceType(ctx)
		if err == nil && got == service {
			return addr, true
		}
	}
	return "", false
}
