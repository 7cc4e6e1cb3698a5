package swim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

func TestUnresolvedPeerDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	c := &Cluster{cfg: Config{Peers: []string{"no..such.host:1", "127.0.0.1:9", ":8"}}, table: members.New(members.Config{Name: "me"}, noon)}
	addrs, failed := c.peers(t.Context())
	require.Equal(t, []string{"127.0.0.1:9"}, addrs)
	require.Len(t, failed, 2)
	require.ErrorContains(t, failed[0], `peer "no..such.host:1"`)
}
