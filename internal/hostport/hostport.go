// Package hostport parses and normalizes network addresses of the form
// host:port. It never looks a name up.
package hostport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Host returns the one spelling of a host that may be written in several ways:
// names in lower case without the dot of the root; IP addresses as package
// netip writes them, without brackets, and IPv4-mapped IPv6 addresses unmapped.
func Host(host string) string {
	if ip, err := netip.ParseAddr(trimBrackets(host)); err == nil {
		return ip.Unmap().String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// Join joins a host and a port. Brackets around the host are optional and come
// out where the host is IPv6. Port 0 means that no port is known: the result is
// the host alone.
func Join(host string, port int) string {
	host = trimBrackets(host)
	if port != 0 {
		return net.JoinHostPort(host, strconv.Itoa(port))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// Split splits host:port, where the host may be empty and the port may be 0.
// Without a port it returns the host and otherwise as the port: an IPv6 host
// needs brackets unless it stands alone.
func Split(addr string, otherwise int) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(addr)
	if err != nil {
		if host, ok := bare(addr, err); ok {
			return host, otherwise, nil
		}
		return "", 0, fmt.Errorf("%q is not host:port", addr)
	}
	port, err = Port(digits)
	return host, port, err
}

// bare returns the host of an address without a port.
func bare(addr string, err error) (host string, ok bool) {
	host = trimBrackets(addr)
	if _, err := netip.ParseAddr(host); err == nil {
		return host, true
	}
	var reason *net.AddrError
	missing := errors.As(err, &reason) && reason.Err == "missing port in address"
	return addr, missing && !strings.ContainsAny(addr, "[]")
}

// Port parses a port from 0 to 65535.
func Port(digits string) (int, error) {
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("port %q: want a number from 0 to 65535", digits)
	}
	return int(n), nil
}

func trimBrackets(host string) string {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if inner, ok := strings.CutSuffix(inner, "]"); ok {
			return inner
		}
	}
	return host
}
