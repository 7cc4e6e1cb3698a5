package legacy

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// listen binds a port that the wire of 2009 can hold.
func listen(t testing.TB, peer string) *Node {
	t.Helper()
	cfg := locator.Config{Port: freeport.Take(t), Peer: peer, Services: []string{"locator.Base", "locator.Locator", "diststore.Store"}}
	n, err := Listen(t.Context(), cfg, t.Output())
	require.NoError(t, err)
	return n
}

// start starts a node.
func start(t *testing.T, peer string) (n *Node, leave func()) {
	t.Helper()
	n = listen(t, peer)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- n.Serve(ctx) }()
	leave = sync.OnceFunc(func() { cancel(); assert.NoError(t, <-done) })
	t.Cleanup(leave)
	return n, leave
}

func members(t *testing.T, n *Node) int {
	nodes, err := n.Nodes(t.Context())
	require.NoError(t, err)
	return len(nodes)
}

func TestKeysFollowTheirOwners(t *testing.T) {
	t.Parallel()
	a, leaveA := start(t, "")
	client := func(n *Node) *peerwire.StoreClient {
		return peerwire.NewStoreClient(locator.NewCaller(n.Self().Addr, locator.CallConfig{}))
	}
	for i := range 100 {
		require.NoError(t, client(a).Put(t.Context(), strconv.Itoa(i), fmt.Sprint("value ", i)))
	}
	complete := func(nodes ...*Node) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			held := 0
			for _, n := range nodes {
				assert.Equal(c, len(nodes), members(t, n))
				for key := range n.snapshot() {
					owner, ok := n.Owner(key)
					assert.True(c, ok)
					assert.Equal(c, n.Self(), owner, "one copy, at the owner")
					held++
				}
			}
			assert.Equal(c, 100, held)
		}, 10*time.Second, 10*time.Millisecond)
		for i := range 100 {
			value, err := client(nodes[i%len(nodes)]).Get(t.Context(), strconv.Itoa(i))
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint("value ", i), value)
		}
	}
	complete(a)
	b, leaveB := start(t, a.Self().Addr)
	complete(a, b)
	c, _ := start(t, b.Self().Addr)
	complete(a, b, c)
	leaveB()
	complete(a, c)
	leaveA()
	complete(c)
	value, err := client(c).Get(t.Context(), "never")
	require.NoError(t, err)
	assert.Empty(t, value)
}

// A value whose owner is unreachable goes to the next owner.
func TestUnreachableOwner(t *testing.T) {
	t.Parallel()
	a, _ := start(t, "")
	dead := listen(t, "")
	require.NoError(t, dead.Close())
	require.NoError(t, a.Add(t.Context(), location(t, dead.Self().Name), nil))
	require.Equal(t, 2, members(t, a))
	for i := range 50 {
		require.NoError(t, a.Put(t.Context(), strconv.Itoa(i), "v"))
	}
	assert.Len(t, a.snapshot(), 50)
	assert.Equal(t, 1, members(t, a), "the unreachable member is dropped")
}

func location(t *testing.T, name string) *wire.Location {
	t.Helper()
	l, err := locator.ParseLocation(name)
	require.NoError(t, err)
	return l
}
