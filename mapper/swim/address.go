package swim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/internal/hostport"
)

// open opens sockets and writes their addresses into the configuration of
// memberlist.
func (cfg Config) open(ctx context.Context, conf *memberlist.Config) (*memberlist.NetTransport, error) {
	a, err := cfg.addresses(ctx)
	if err != nil {
		return nil, err
	}
	t, err := listen(a.bind, conf.Logger)
	if err != nil {
		return nil, err
	}
	port := t.GetAutoBindPort()
	conf.BindAddr, conf.BindPort, conf.AdvertisePort = a.bind.Addr().String(), port, port
	if a.advertise.IsValid() {
		conf.AdvertiseAddr = a.advertise.Addr().String()
		if a.advertise.Port() != 0 {
			conf.AdvertisePort = int(a.advertise.Port())
		}
	}
	return t, nil
}

// addresses are where a member listens and where others reach it.
type addresses struct {
	bind      netip.AddrPort
	advertise netip.AddrPort // invalid: where it listens
}

// addresses applies the defaults of Bind and Advertise. It returns
// [ErrNoSecret] for a member that would be reachable without a secret.
func (cfg Config) addresses(ctx context.Context) (addresses, error) {
	var p addresses
	advertise := cfg.Advertise
	if _, _, err := net.SplitHostPort(cfg.Name); advertise == "" && err == nil {
		advertise = cfg.Name
	}
	if advertise != "" {
		addrs, err := resolve(ctx, advertise)
		if err != nil {
			return p, fmt.Errorf("cannot advertise %q: %w", advertise, err)
		}
		p.advertise = addrs[0]
	}
	switch {
	case cfg.Bind != "":
		var err error
		if p.bind, err = parseBind(cfg.Bind); err != nil {
			return p, err
		}
	case !p.advertise.IsValid():
		return p, fmt.Errorf("cannot tell where to listen: the name %q is not host:port; set an address to bind or to advertise", cfg.Name)
	case p.advertise.Addr().IsLoopback():
		p.bind = p.advertise
	default:
		p.bind = netip.AddrPortFrom(netip.IPv4Unspecified(), p.advertise.Port())
	}
	if !p.bind.Addr().IsLoopback() && len(cfg.Secrets) == 0 && !cfg.Insecure {
		return p, fmt.Errorf("cannot listen on %s: %w", p.bind, ErrNoSecret)
	}
	return p, nil
}

func parseBind(text string) (netip.AddrPort, error) {
	host, port, err := hostport.Split(text, DefaultPort)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("cannot bind %q: %w", text, err)
	}
	if host == "" {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(port)), nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("cannot bind %q: the host must be an IP address", text)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), nil
}

// resolve returns the addresses of a host:port, IPv4 before IPv6.
func resolve(ctx context.Context, text string) ([]netip.AddrPort, error) {
	host, port, err := hostport.Split(text, DefaultPort)
	if err != nil {
		return nil, err
	}
	if host == "" {
		return nil, errors.New("the host is missing")
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var v4, v6 []netip.AddrPort
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.Is4() {
			v4 = append(v4, netip.AddrPortFrom(ip, uint16(port)))
		} else {
			v6 = append(v6, netip.AddrPortFrom(ip, uint16(port)))
		}
	}
	return append(v4, v6...), nil
}
