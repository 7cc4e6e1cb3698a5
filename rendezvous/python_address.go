package rendezvous

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// socketAddress is a host and a port as in the Python original: the host is a
// number of 128 bits, of which IPv4 uses the lowest 32.
type socketAddress struct {
	host [16]byte // big-endian
	port uint16
}

var errAddressForm = errors.New(`want an address and a port, such as "10.0.0.1:8000" or "[2001:db8::1]:8000"`)

// parseSocketAddress parses an address with a port.
func parseSocketAddress(id string) (a socketAddress, err error) {
	host, port, bracketed, ok := cutPort(id)
	if !ok {
		return a, errAddressForm
	}
	if a.port, err = parsePort(port); err != nil {
		return a, err
	}
	if bracketed && !strings.Contains(host, ":") {
		return a, fmt.Errorf("only an IPv6 address has brackets, not %q: %w", host, errAddressForm)
	}
	a.host, err = parseHost(host)
	return a, err
}

// cutPort splits an address at its last colon. Brackets, if present, must
// enclose the whole host.
func cutPort(id string) (host, port string, bracketed, ok bool) {
	colon := strings.LastIndexByte(id, ':')
	if colon < 0 {
		return "", "", false, false
	}
	host, port = id[:colon], id[colon+1:]
	inner, opened := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened && !closed {
		return host, port, false, true
	}
	return inner, port, true, opened && closed
}

// parsePort accepts only the canonical decimal form. Leading zeros or hexadecimal
// digits are the end of an IPv6 address without a port.
func parsePort(text string) (uint16, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || strconv.FormatUint(port, 10) != text {
		return 0, fmt.Errorf("port %q is not a number from 0 to 65535: %w", text, errAddressForm)
	}
	return uint16(port), nil
}

// parseHost parses an IP address. An empty one is zero, as in the original.
func parseHost(text string) (host [16]byte, err error) {
	if text == "" {
		return host, nil
	}
	if v4, ok := parseIPv4(text); ok {
		binary.BigEndian.PutUint32(host[12:], v4)
		return host, nil
	}
	v6, err := netip.ParseAddr(text)
	if err != nil || v6.Zone() != "" {
		return host, fmt.Errorf("host %q is not an IP address without a zone; names are not resolved", text)
	}
	host = v6.As16()
	if v6.Is4In6() {
		host[10], host[11] = 0, 0 // ::ffff:a.b.c.d becomes ::a.b.c.d
	}
	return host, nil
}

// parseIPv4 parses one to four numbers separated by dots, as inet_aton does: the
// last one fills the remaining bytes.
func parseIPv4(text string) (address uint32, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return 0, false
	}
	last := len(parts) - 1
	for i, part := range parts {
		n, limit := uint64(0), uint64(1)<<8
		if i == last {
			limit = 1 << (8 * (4 - last))
		}
		if n, ok = parseNumber(part); !ok || n >= limit {
			return 0, false
		}
		shift := 8 * (3 - i)
		if i == last {
			shift = 0
		}
		address |= uint32(n << shift)
	}
	return address, true
}

// parseNumber parses a decimal number, an octal one with the prefix 0, or a
// hexadecimal one with the prefix 0x.
func parseNumber(text string) (n uint64, ok bool) {
	base := 10
	if lower := strings.ToLower(text); strings.HasPrefix(lower, "0x") {
		text, base = lower[2:], 16
	} else if len(text) > 1 && text[0] == '0' {
		base = 8
	}
	n, err := strconv.ParseUint(text, base, 32)
	return n, err == nil
}

// pack returns the bytes that the original hashes: the host, then four 16-bit
// words with four bits of the port each.
func (a socketAddress) pack() (packed [24]byte) {
	copy(packed[:], a.host[:])
	for i := range 4 {
		packed[17+2*i] = byte(a.port>>(12-4*i)) & 15
	}
	return packed
}
