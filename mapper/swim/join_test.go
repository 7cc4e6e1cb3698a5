package swim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPeerThatIsGoneFromDNSDoesNotHideTheOthers(t *testing.T) {
	c := &Cluster{cfg: Config{Peers: []string{"no..such.host:1", "127.0.0.1:9", ":8"}}, book: bookWith()}
	addrs, failed := c.peers(t.Context())
	require.Equal(t, []string{"127.0.0.1:9"}, addrs)
	require.Len(t, failed, 2)
	require.ErrorContains(t, failed[0], `peer "no..such.host:1"`)
}
