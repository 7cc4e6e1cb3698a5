package swim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.0.0.1:80":      "10.0.0.1:80",
		"10.0.0.1":         "10.0.0.1:7946",
		"[::1]:80":         "[::1]:80",
		"[::1]":            "[::1]:7946",
		"::1":              "[::1]:7946",
		"::ffff:10.0.0.1":  "10.0.0.1:7946",
		"[::ffff:a00:1]:9": "10.0.0.1:9",
		":80":              "the host is missing",
		"10.0.0.1:x":       `port "x"`,
		"10.0.0.1:65536":   `port "65536"`,
		"":                 "the host is missing",
		"a:b:c":            "not host:port",
	} {
		addrs, err := resolve(t.Context(), text)
		if err != nil {
			require.ErrorContains(t, err, want, "%q", text)
			continue
		}
		require.Equal(t, want, addrs[0].String(), "%q", text)
	}
}

func TestBinds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		":80":             "0.0.0.0:80",
		"127.0.0.1":       "127.0.0.1:7946",
		"[::1]:0":         "[::1]:0",
		"[::]:1":          "[::]:1",
		"localhost:1":     "must be an IP address",
		"127.0.0.1:-1":    `cannot bind "127.0.0.1:-1"`,
		"[::ffff:a00:1]:": `port ""`,
	} {
		bind, err := parseBind(text)
		if err != nil {
			require.ErrorContains(t, err, want, "%q", text)
			continue
		}
		require.Equal(t, want, bind.String(), "%q", text)
	}
}

func TestWhereAMemberListens(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name            string
		cfg             Config
		bind, advertise string
		refused         string
	}{
		{"the name is an address", Config{Name: "127.0.0.1:9"}, "127.0.0.1:9", "127.0.0.1:9", ""},
		{"bound elsewhere", Config{Name: "127.0.0.1:9", Bind: "127.0.0.2:8"}, "127.0.0.2:8", "127.0.0.1:9", ""},
		{"advertised", Config{Name: "a", Advertise: "127.0.0.1"}, "127.0.0.1:7946", "127.0.0.1:7946", ""},
		{"the name is not an address", Config{Name: "a", Bind: "127.0.0.1:8"}, "127.0.0.1:8", "invalid AddrPort", ""},
		{"no address", Config{Name: "a"}, "", "", "cannot tell where to listen"},
		{"beyond loopback", Config{Name: "10.0.0.1:9"}, "", "", "without a secret"},
		{"beyond loopback with a secret", Config{Name: "10.0.0.1:9", Secrets: []Secret{{root: [32]byte{1}}}}, "0.0.0.0:9", "10.0.0.1:9", ""},
		{"beyond loopback, insecure", Config{Name: "10.0.0.1:9", Insecure: true}, "0.0.0.0:9", "10.0.0.1:9", ""},
		{"a name that does not exist", Config{Name: "no..such.host:1"}, "", "", `cannot advertise "no..such.host:1"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, err := c.cfg.addresses(t.Context())
			if c.refused != "" {
				require.ErrorContains(t, err, c.refused)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{c.bind, c.advertise}, []string{a.bind.String(), a.advertise.String()})
		})
	}
}
