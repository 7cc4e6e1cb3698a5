package locator

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/hostport"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// maxPort2009 is the greatest port that the wire of 2009 can hold, an i16. A greater
// port is called wide.
const maxPort2009 = math.MaxInt16

// newLocation returns the wire form of a host and port. A wide port has a field of
// its own, and the old field is zero.
func newLocation(host string, port uint16) *wire.Location {
	if port <= maxPort2009 {
		return &wire.Location{Address: host, Port: int16(port)}
	}
	wide := int32(port)
	return &wire.Location{Address: host, WidePort: &wide}
}

// portOf returns the port of a location. A negative port is a wide one that a peer
// truncated to 16 bits.
func portOf(l *wire.Location) (uint16, error) {
	port := int32(uint16(l.GetPort()))
	if l.IsSetWidePort() {
		port = l.GetWidePort()
	}
	if port < 1 || port > math.MaxUint16 {
		return 0, fmt.Errorf("port %d: want 1 to 65535", port)
	}
	return uint16(port), nil
}

// nodeOf returns the node at a location. Its name is address:port, without brackets,
// as the ring of 2009 hashes it.
func nodeOf(l *wire.Location) (mapper.Node, error) {
	if l == nil {
		return mapper.Node{}, fmt.Errorf("location missing")
	}
	host := l.GetAddress()
	if err := checkHost(host); err != nil {
		return mapper.Node{}, err
	}
	port, err := portOf(l)
	if err != nil {
		return mapper.Node{}, err
	}
	return newNode(host, port), nil
}

func newNode(host string, port uint16) mapper.Node {
	return mapper.Node{Name: host + ":" + strconv.Itoa(int(port)), Addr: hostport.Join(host, int(port))}
}

// locationOf returns the location of a node that nodeOf or newNode returned.
func locationOf(n mapper.Node) *wire.Location {
	host, port, _ := hostport.Split(n.Addr, 0)
	return newLocation(host, uint16(port))
}

// isWide reports whether the port of the node is wide.
func isWide(n mapper.Node) bool { return locationOf(n).IsSetWidePort() }

// checkHost rejects text that is neither an IP address nor a host name, before any
// lookup.
func checkHost(host string) error {
	name := host
	if addr, err := netip.ParseAddr(host); err == nil {
		name = addr.Zone() // netip allows any zone
		if name == "" {
			return nil
		}
	}
	if name == "" || len(name) > 253 || strings.ContainsFunc(name, notInHostName) {
		return fmt.Errorf("address %q: want an IP address or a host name", host)
	}
	return nil
}

func notInHostName(r rune) bool {
	return r != '-' && r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// ParsePeer parses a host:port that a user typed. It splits at the last colon, so an
// IPv6 address needs no brackets. It returns the host:port that [NewClient] and
// [Config.Peer] take.
func ParsePeer(text string) (string, error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return "", fmt.Errorf("peer %q: want host:port, such as %q", text, "localhost:9900")
	}
	host := strings.TrimSuffix(strings.TrimPrefix(text[:i], "["), "]")
	if err := checkHost(host); err != nil {
		return "", fmt.Errorf("peer %q: %w", text, err)
	}
	port, err := strconv.ParseUint(text[i+1:], 10, 16)
	if err != nil || port == 0 {
		return "", fmt.Errorf("peer %q: port %q: want 1 to 65535", text, text[i+1:])
	}
	return newNode(host, uint16(port)).Addr, nil
}

// ParseLocation parses the name of a node, address:port, into its wire form. It is
// for handlers that answer get_node or get_all themselves.
func ParseLocation(name string) (*wire.Location, error) {
	addr, err := ParsePeer(name)
	if err != nil {
		return nil, err
	}
	return locationOf(mapper.Node{Addr: addr}), nil
}
