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
	portTries = 40 // ports that Listen tries from FirstPort on
	peerTries = 10 // ports that Discover asks from FirstPort on
)

// Discover asks the ports 9900 to 9909 of this machine for a node whose service
// type is the given one and returns the address of the first. Ports where
// nothing listens cost nothing; one where something else does costs at most
// the time of a call.
func Discover(ctx context.Context, service string, cfg CallConfig) (addr string, ok bool) {
	for port := FirstPort; port < FirstPort+peerTries && ctx.Err() == nil; port++ {
		addr := net.JoinHostPort("localhost", strconv.Itoa(port))
		got, err := NewClient(addr, cfg).ServiceType(ctx)
		if err == nil && got == service {
			return addr, true
		}
	}
	return "", false
}
