package rendezvous

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// str formats an address as the original does, without brackets, and as IPv6
// where the original cannot.
func (a socketAddress) str() string {
	host := netip.AddrFrom16(a.host)
	if strings.HasPrefix(string(a.host[:]), strings.Repeat("\x00", 12)) {
		host = netip.AddrFrom4([4]byte(a.host[12:]))
	}
	return fmt.Sprintf("%v:%d", host, a.port)
}

// unpack is the inverse of pack.
func unpack(packed [24]byte) (a socketAddress) {
	copy(a.host[:], packed[:])
	for i := range 4 {
		a.port = a.port<<4 | binary.BigEndian.Uint16(packed[16+2*i:])
	}
	return a
}

// TestGoldenAddresses parses every form of every address that the original
// printed, and compares the packed bytes and the seed.
func TestGoldenAddresses(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, "proxenos/addresses.txt").Rows {
		host, port := row.Text("host"), row.Text("port")
		forms := []string{host + ":" + port, row.Text("str"), row.Text("host_str") + ":" + port, "[" + row.Text("host_str") + "]:" + port}
		if strings.Contains(host, ":") {
			forms = append(forms, "["+host+"]:"+port)
		} else {
			forms = append(forms, "[::ffff:"+host+"]:"+port)
		}
		for _, form := range forms {
			a, err := parseSocketAddress(form)
			require.NoError(t, err, "%s: %q", row, form)
			packed := a.pack()
			assert.Equal(t, row.Text("pack_hex"), hex.EncodeToString(packed[:]), "%s: %q", row, form)
			assert.Equal(t, row.Text("str"), a.str(), "%s: %q", row, form)
			assert.Equal(t, a, unpack(packed), "%s: %q", row, form)
		}
		var p python
		require.NoError(t, p.admit(forms[:1]))
		assert.Equal(t, row.Uint64("seed"), p.nodes[0], row)
	}
}

func TestParseSocketAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, want, reason string }{
		{"10.0.0.1:8000", "10.0.0.1:8000", "plain"},
		{"10.1:80", "10.0.0.1:80", "the last part fills the rest"},
		{"10.1.258:80", "10.1.1.2:80", "the last of three parts has 16 bits"},
		{"1:80", "0.0.0.1:80", "one part"},
		{"4294967295:80", "255.255.255.255:80", "one part with all bits"},
		{"0x7f.1:80", "127.0.0.1:80", "hexadecimal"},
		{"0X7F000001:80", "127.0.0.1:80", "hexadecimal in capitals"},
		{"010.0.0.1:80", "8.0.0.1:80", "octal"},
		{"00.0.0.0:0", "0.0.0.0:0", "octal zero, and the least port"},
		{":80", "0.0.0.0:80", "an empty host is zero"},
		{"[2001:db8::1]:443", "2001:db8::1:443", "brackets"},
		{"2001:db8::1:443", "2001:db8::1:443", "as the original prints it"},
		{"fd95:3a46:4c76:::80", "fd95:3a46:4c76:::80", "as the original prints it, ending in ::"},
		{"2001:DB8:0:0:0:0:0:1:443", "2001:db8::1:443", "eight parts and a port"},
		{"[::1]:80", "0.0.0.1:80", "small IPv6 addresses are IPv4"},
		{"[::]:9000", "0.0.0.0:9000", "so is the unspecified one"},
		{":::9000", "0.0.0.0:9000", "also without brackets"},
		{"[::127.0.0.1]:80", "127.0.0.1:80", "IPv4-compatible"},
		{"[::ffff:127.0.0.1]:80", "127.0.0.1:80", "IPv4-mapped is folded"},
		{"[::ffff:0:0]:80", "0.0.0.0:80", "the first mapped address"},
		{"[::fffe:ffff:ffff]:80", "::fffe:ffff:ffff:80", "the last address before the mapped ones"},
		{"[::1:0:0:0]:80", "::1:0:0:0:80", "the first address after the mapped ones"},
		{"[::1:0:0]:80", "::1:0:0:80", "the original packs this one but cannot print it"},
		{"10.0.0.1:65535", "10.0.0.1:65535", "the greatest port"},
	} {
		a, err := parseSocketAddress(c.id)
		require.NoError(t, err, "%q: %s", c.id, c.reason)
		assert.Equal(t, c.want, a.str(), "%q: %s", c.id, c.reason)
	}
}

func TestParseSocketAddressRefuses(t *testing.T) {
	t.Parallel()
	form := errAddressForm.Error()
	for _, c := range []struct{ id, want, reason string }{
		{"", form, "nothing"},
		{"10.0.0.1", form, "no port"},
		{"10.0.0.1:", `port ""`, "an empty port"},
		{"10.0.0.1:65536", `port "65536" is not a number from 0 to 65535`, "beyond the range"},
		{"10.0.0.1:-1", `port "-1"`, "negative"},
		{"10.0.0.1:+80", `port "+80"`, "a sign"},
		{"10.0.0.1:http", `port "http"`, "a service name"},
		{"fe80::0080", `port "0080"`, "an IPv6 address without a port"},
		{"2001:db8::1", `host "2001:db8:"`, "an IPv6 address without a port"},
		{"[2001:db8::1]", form, "no port after the brackets"},
		{"[2001:db8::1:80", `want an address and a port`, "an open bracket"},
		{"2001:db8::1]:80", `want an address and a port`, "an unopened bracket"},
		{"[10.0.0.1]:80", `only an IPv6 address has brackets, not "10.0.0.1"`, "IPv4 in brackets"},
		{"[]:80", `only an IPv6 address has brackets, not ""`, "nothing in brackets"},
		{"localhost:80", `host "localhost" is not an IP address`, "a name is not resolved"},
		{"1.2.3.4/24:80", `host "1.2.3.4/24"`, "a network"},
		{"1.2.3.4 x:80", `host "1.2.3.4 x"`, "the C library would stop reading at the space"},
		{"1.2.3.4.5:80", `host "1.2.3.4.5"`, "too many parts"},
		{"1.2.3.256:80", `host "1.2.3.256"`, "a part too large"},
		{"256.1:80", `host "256.1"`, "a first part too large"},
		{"1.16777216:80", `host "1.16777216"`, "a last part too large"},
		{"4294967296:80", `host "4294967296"`, "one part too large"},
		{"1.2..4:80", `host "1.2..4"`, "an empty part"},
		{"1.2.3.4.:80", `host "1.2.3.4."`, "a dot at the end"},
		{"08.1:80", `host "08.1"`, "not octal"},
		{"0x.1:80", `host "0x.1"`, "no digits"},
		{"0b1.1:80", `host "0b1.1"`, "binary is Go's, not C's"},
		{"1_0.1:80", `host "1_0.1"`, "underscores are Go's, not C's"},
		{"[fe80::1%eth0]:80", "without a zone", "a zone"},
		{"[1:2:3:4:5:6:7:8:9]:80", `host "1:2:3:4:5:6:7:8:9"`, "too many parts of IPv6"},
	} {
		_, err := parseSocketAddress(c.id)
		assert.ErrorContains(t, err, c.want, "%q: %s", c.id, c.reason)
	}
}

func FuzzParseSocketAddress(f *testing.F) {
	for _, row := range vectors.Open(f, "proxenos/addresses.txt").Rows {
		f.Add(row.Text("str"))
		f.Add("[" + row.Text("host_str") + "]:" + row.Text("port"))
	}
	for _, id := range []string{"", ":", "[", "]:", "[]:1", "0x7f.1:80", "010.1:80", "[fe80::1%eth0]:80", "::ffff:1.2.3.4:1"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		a, err := parseSocketAddress(id)
		if err != nil {
			return
		}
		if back := unpack(a.pack()); back != a {
			t.Fatalf("%q: %v packs and unpacks to %v", id, a, back)
		}
		bracketed := netip.AddrPortFrom(netip.AddrFrom16(a.host), a.port).String()
		for _, form := range []string{a.str(), bracketed} {
			if again, err := parseSocketAddress(form); err != nil || again != a {
				t.Fatalf("%q: %q parses as %v, %v, want %v", id, form, again, err, a)
			}
		}
	})
}
