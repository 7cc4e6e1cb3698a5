package consul

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hashicorp/consul/api"
)

// addressOf is the service's address, else its node's, with the service's
// port. Without a port it is the host alone, in brackets if it is IPv6.
func addressOf(e *api.ServiceEntry) string {
	host := canonicalHost(cmp.Or(e.Service.Address, e.Node.Address))
	if e.Service.Port > 0 {
		return net.JoinHostPort(host, strconv.Itoa(e.Service.Port))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// canonicalHost spells a host in one way, as the address may be an identity:
// an IPv4 address in IPv6 clothes is IPv4; names are in lower case without
// the dot of the root. Names are not looked up.
func canonicalHost(host string) string {
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ip.Unmap().String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
