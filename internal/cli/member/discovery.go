package member

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// discovered holds the name of this member and its peers as found by DNS.
type discovered struct {
	name  string
	peers []string
}

// discover resolves a host name that has one IPv4 address per member, as
// services of container networks have. The address of this machine becomes the
// name of this member, and the others become its peers. All use the port of name.
func discover(ctx context.Context, name string) (discovered, error) {
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		return discovered{}, term.AsUsage(err)
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return discovered{}, term.WithCode(term.ErrUnreachable, fmt.Errorf("discovering peers: %w", err))
	}
	own, err := ownAddresses()
	if err != nil {
		return discovered{}, err
	}
	found, err := separate(all, own, port)
	if err != nil {
		return found, term.Hint(fmt.Errorf("%q: %w", host, err), "--udp-discovery needs a name that resolves to this machine and its peers")
	}
	return found, nil
}

// separate separates the address of this machine from those of its peers.
func separate(all, own []netip.Addr, port string) (found discovered, err error) {
	for i, a := range all {
		a = a.Unmap()
		all[i] = a
		full := net.JoinHostPort(a.String(), port)
		if slices.Contains(own, a) && found.name == "" {
			found.name = full
			continue
		}
		found.peers = append(found.peers, full)
	}
	if found.name == "" {
		return found, fmt.Errorf("none of %v is an address of this machine", all)
	}
	slices.Sort(found.peers)
	return found, nil
}

func ownAddresses() ([]netip.Addr, error) {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var own []netip.Addr
	for _, i := range interfaces {
		if p, err := netip.ParsePrefix(i.String()); err == nil {
			own = append(own, p.Addr().Unmap())
		}
	}
	return own, nil
}
