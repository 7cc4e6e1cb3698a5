package hostport

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHost(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"example.com":      "example.com",
		"Example.COM.":     "example.com",
		"10.0.0.1":         "10.0.0.1",
		"::ffff:10.0.0.1":  "10.0.0.1",
		"[::1]":            "::1",
		"2001:DB8:0:0::1":  "2001:db8::1",
		"fe80::1%eth0":     "fe80::1%eth0",
		"":                 "",
		"127.1":            "127.1",
		"[not-an-address]": "[not-an-address]",
	} {
		require.Equal(t, want, Host(given), "%q", given)
		require.Equal(t, want, Host(Host(given)), "%q: normalizing twice changes nothing", given)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	require.Equal(t, "h:80", Join("h", 80))
	require.Equal(t, "[::1]:80", Join("::1", 80))
	require.Equal(t, "[::1]:80", Join("[::1]", 80))
	require.Equal(t, "h", Join("h", 0))
	require.Equal(t, "[::1]", Join("::1", 0))
	require.Equal(t, ":80", Join("", 80))
}

func TestSplit(t *testing.T) {
	t.Parallel()
	cases := []struct {
		addr string
		host string
		port int
	}{
		{"h:80", "h", 80},
		{"h", "h", 7946},
		{"h:0", "h", 0},
		{":80", "", 80},
		{"", "", 7946},
		{"10.0.0.1", "10.0.0.1", 7946},
		{"[::1]:80", "::1", 80},
		{"[::1]", "::1", 7946},
		{"::1", "::1", 7946},
		{"[fe80::1%eth0]:80", "fe80::1%eth0", 80},
	}
	for _, c := range cases {
		host, port, err := Split(c.addr, 7946)
		require.NoError(t, err, "%q", c.addr)
		require.Equal(t, c.host, host, "%q", c.addr)
		require.Equal(t, c.port, port, "%q", c.addr)
	}
	for addr, want := range map[string]string{
		"h:x":        `port "x": want a number from 0 to 65535`,
		"h:65536":    `port "65536": want a number from 0 to 65535`,
		"h:-1":       `port "-1": want a number from 0 to 65535`,
		"h:":         `port "": want a number from 0 to 65535`,
		"a:b:c":      `"a:b:c" is not host:port`,
		"[h":         `"[h" is not host:port`,
		"[h]":        `"[h]" is not host:port`,
		"[::1]:80:1": `"[::1]:80:1" is not host:port`,
	} {
		_, _, err := Split(addr, 7946)
		require.EqualError(t, err, want)
	}
}
