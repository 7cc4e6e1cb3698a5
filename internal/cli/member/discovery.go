package member

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// discovered is what DNS says about a member and its peers.
type discovered struct {
	name  string
	peers []string
}

// discover finds the members of a service whose host name has one address for
// each, as container networks have: the one that is this machine's becomes
// the name, the others the peers, all on one port.
func discover(ctx context.Context, name string) (discovered, error) {
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		return discovered{}, term.AsUsage(err)
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return discovered{}, term.WithCode(term.ErrUnreachable, fmt.Errorf("cannot discover peers: %w", err))
	}
	own, err := ownAddresses()
	if err != nil {
		return discovered{}, err
	}
	found, err := sortOut(all, own, port)
	if err != nil {
		return found, term.Hint(fmt.Errorf("%q: %w", host, err), "--udp-discovery wants the name of a service that this machine is part of")
	}
	return found, nil
}

// sortOut tells this machine from its peers.
func sortOut(all, own []netip.Addr, port string) (found discovered, err error) {
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
