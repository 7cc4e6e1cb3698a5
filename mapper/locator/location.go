package locator

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// maxPort2009 is the greatest port the 2009 wire can hold: it writes an i16 and
// fails on anything larger.
const maxPort2009 = math.MaxInt16

// newLocation returns the wire form of a host and port. A port above 32767
// travels in a field of its own and leaves zero in the old one.
func newLocation(host string, port uint16) *wire.Location {
	if port <= maxPort2009 {
		return &wire.Location{Address: host, Port: int16(port)}
	}
	wide := int32(port)
	return &wire.Location{Address: host, WidePort: &wide}
}

// portOf returns the port of a location. A negative one is a larger port that
// a peer forced into 16 bits.
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

// nodeOf returns the node at a location. Its name is address:port without
// brackets, which is what a 2009 ring hashes.
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
	digits := strconv.Itoa(int(port))
	return mapper.Node{Name: host + ":" + digits, Addr: net.JoinHostPort(host, digits)}
}

// locationOf returns the location of a node that nodeOf or newNode made.
func locationOf(n mapper.Node) *wire.Location {
	host, digits, _ := net.SplitHostPort(n.Addr)
	port, _ := strconv.ParseUint(digits, 10, 16)
	return newLocation(host, uint16(port))
}

// isWide reports whether the 2009 wire cannot hold the node.
func isWide(n mapper.Node) bool { return locationOf(n).IsSetWidePort() }

// checkHost refuses what is neither an address nor a host name, before anything
// looks it up.
func checkHost(host string) error {
	name := host
	if addr, err := netip.ParseAddr(host); err == nil {
		name = addr.Zone() // which netip lets be anything
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

// ParsePeer reads a peer as people type it: host:port, split at the last colon,
// with or without brackets around an IPv6 address. It returns the form that
// NewClient and Config.Peer take.
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

// ParseLocation reads the name of a node, address:port, into its wire form: for
// a handler that answers with nodes which the server did not find itself.
func ParseLocation(name string) (*wire.Location, error) {
	addr, err := ParsePeer(name)
	if err != nil {
		return nil, err
	}
	return locationOf(mapper.Node{Addr: addr}), nil
}
