package command

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper/swim"
)

func TestGossipPort(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "19900", gossipPort(9900))
	assert.Equal(t, "65535", gossipPort(55535))
	assert.Equal(t, "45536", gossipPort(55536))
	assert.Equal(t, "55535", gossipPort(65535))
}

func TestSplitName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"127.0.0.1:9900": "127.0.0.1", "::1:9900": "::1", "host:9900": "host"} {
		host, port := splitName(name)
		assert.Equal(t, want, host)
		assert.Equal(t, 9900, port)
	}
}

func TestMemberAddrsAreThoseOfMembers(t *testing.T) {
	t.Parallel()
	var known memberAddrs
	at := func(addr string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr)) }
	require.False(t, known.has(at("127.0.0.1:5000")), "before it joins")
	cluster, err := swim.Join(t.Context(), swim.Config{Name: "a", Bind: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	known.gossip.Store(&gossip{Cluster: cluster})
	require.True(t, known.has(at("127.0.0.1:5000")), "at any port")
	require.True(t, known.has(at("[::ffff:127.0.0.1]:5000")))
	require.False(t, known.has(at("127.0.0.2:5000")))
	require.False(t, known.has(&net.UnixAddr{Name: "x"}))
}
