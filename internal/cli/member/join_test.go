package member

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFullName(t *testing.T) {
	t.Parallel()
	o := Flags{host: "10.0.0.9", port: 7946}
	cases := []struct{ typed, want, why string }{
		{"127.0.0.1:2001", "127.0.0.1:2001", "complete"},
		{":2001", "10.0.0.9:2001", "host of --udp-host"},
		{"web", "web:7946", "port of --udp-port"},
		{"[::1]:5", "[::1]:5", "IPv6 address"},
		{"[::1]", "[::1]:7946", "IPv6 address without a port"},
	}
	for _, c := range cases {
		got, err := o.fullName(c.typed)
		require.NoError(t, err, c.why)
		require.Equal(t, c.want, got, c.why)
	}
	for _, bad := range []string{"a:b:c", "a:0", "a:99999", "a:x"} {
		_, err := o.fullName(bad)
		require.Error(t, err, bad)
	}
}

func TestDiscoverySeparatesThisMachineFromPeers(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr
	found, err := separate([]netip.Addr{ip("10.0.0.3"), ip("::ffff:10.0.0.2"), ip("10.0.0.1")}, []netip.Addr{ip("127.0.0.1"), ip("10.0.0.2")}, "7946")
	require.NoError(t, err)
	require.Equal(t, discovered{name: "10.0.0.2:7946", peers: []string{"10.0.0.1:7946", "10.0.0.3:7946"}}, found)
	_, err = separate([]netip.Addr{ip("10.0.0.3")}, []netip.Addr{ip("10.0.0.2")}, "7946")
	require.ErrorContains(t, err, "none of [10.0.0.3]")
}
