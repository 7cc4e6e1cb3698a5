package locator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"github.com/proxenos/proxenos/mapper"
)

// bind listens on the port, or on the first free one.
func bind(ctx context.Context, cfg Config) (net.Listener, error) {
	if err := checkPorts(cfg); err != nil {
		return nil, err
	}
	first, last := cfg.Port, cfg.Port
	if cfg.Port == 0 && cfg.First > 0 {
		first, last = cfg.First, cfg.First+portTries-1
	}
	var config net.ListenConfig
	for p := first; ; p++ {
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(cfg.Host, strconv.Itoa(p)))
		switch {
		case err == nil:
			return listener, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("listen: %w", err)
		case first == last:
			return nil, fmt.Errorf("%w: port %d of %q", ErrAddressInUse, p, cfg.Host)
		case p == last:
			return nil, fmt.Errorf("%w: every port from %d to %d of %q", ErrAddressInUse, first, last, cfg.Host)
		}
	}
}

// checkPorts rejects ports out of range.
func checkPorts(cfg Config) error {
	if cfg.Port < 0 || cfg.Port > math.MaxUint16 {
		return fmt.Errorf("port %d: want 0 to %d", cfg.Port, math.MaxUint16)
	}
	if cfg.First < 0 || cfg.First > maxFirst {
		return fmt.Errorf("first port %d: want 0 to %d", cfg.First, maxFirst)
	}
	return nil
}

// selfAt returns the node that listens at an address, as other nodes know it.
func selfAt(ctx context.Context, at *net.TCPAddr, cfg Config) (mapper.Node, error) {
	host := cfg.Advertise
	if host == "" {
		var err error
		if host, err = advertised(ctx, at); err != nil {
			return mapper.Node{}, err
		}
	}
	if err := checkHost(host); err != nil {
		return mapper.Node{}, fmt.Errorf("advertise: %w", err)
	}
	self := newNode(host, uint16(at.Port))
	if cfg.Legacy && isWide(self) {
		return mapper.Node{}, fmt.Errorf("port %d: a network of 2009 allows ports up to %d", at.Port, maxPort2009)
	}
	return self, nil
}

// advertised returns the address at which other nodes reach a listener. For every
// interface it is that of the machine's host name, as in 2009.
func advertised(ctx context.Context, at *net.TCPAddr) (string, error) {
	if !at.IP.IsUnspecified() {
		return at.AddrPort().Addr().Unmap().String(), nil
	}
	addrs, err := lookupHostName(ctx)
	if err != nil {
		return "", fmt.Errorf("advertise: cannot resolve this machine's host name, set a host: %w", err)
	}
	return addrs[0].Unmap().String(), nil
}

// lookupHostName returns the addresses of the machine's host name: IPv4 if there are
// any, otherwise IPv6.
func lookupHostName(ctx context.Context) ([]netip.Addr, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", name)
	if err != nil || len(addrs) == 0 {
		addrs, err = net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	}
	if err == nil && len(addrs) == 0 {
		err = errors.New("no address")
	}
	return addrs, err
}
