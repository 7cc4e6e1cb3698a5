package ring

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The programs that layouts agree with hash a server's host and port in a form of
// their own, so an ID is split as they split it: "host:port", "[IPv6]:port"
// without the brackets, and, where the program has a default port, "host" and a
// bare IPv6 address.

// splitAddress splits an ID. An ID without a port has the default port, and is an
// error if that is 0.
func splitAddress(id string, defaultPort uint16) (host string, port uint16, err error) {
	host, text, ok := cutAddress(id)
	if !ok {
		return "", 0, addressError(id, "put brackets around an IPv6 host, as in \"[::1]:80\"")
	}
	if host == "" {
		return "", 0, addressError(id, "the host is missing")
	}
	if text == "" {
		if defaultPort == 0 {
			return "", 0, addressError(id, "the port is missing, as in \"host:80\"")
		}
		return host, defaultPort, nil
	}
	number, err := strconv.ParseUint(text[1:], 10, 16)
	if err != nil {
		return "", 0, addressError(id, fmt.Sprintf("port %q is not a number from 0 to 65535", text[1:]))
	}
	return host, uint16(number), nil
}

// cutAddress splits an ID into the host and the port with its colon, which is
// empty if the ID has no port.
func cutAddress(id string) (host, port string, ok bool) {
	if strings.HasPrefix(id, "[") {
		host, port, ok = strings.Cut(id[1:], "]")
		return host, port, ok && (port == "" || port[0] == ':')
	}
	switch colon := strings.IndexByte(id, ':'); {
	case colon < 0:
		return id, "", true
	case colon == strings.LastIndexByte(id, ':'):
		return id[:colon], id[colon:], true
	default:
		ip, err := netip.ParseAddr(id)
		return id, "", err == nil && ip.Is6()
	}
}

func addressError(id, why string) error {
	return &NodeError{ID: id, Err: fmt.Errorf("%w: %s", ErrAddress, why)}
}
