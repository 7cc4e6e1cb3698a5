package grpclb

import (
	"context"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/proxenos/proxenos/mapper"
)

// retrying is a service config with a retry policy.
const retrying = `{
	"loadBalancingConfig": [{"rendezvous": {}}],
	"methodConfig": [{"name": [{}], "retryPolicy": {
		"maxAttempts": 4, "initialBackoff": "0.001s", "maxBackoff": "0.001s", "backoffMultiplier": 1,
		"retryableStatusCodes": ["UNAVAILABLE"]}}]
}`

var interceptors = []grpc.DialOption{
	grpc.WithChainUnaryInterceptor(UnaryClientInterceptor),
	grpc.WithChainStreamInterceptor(StreamClientInterceptor),
}

// TestRetriesGoDownTheRank lets the first nodes of a key refuse calls.
func TestRetriesGoDownTheRank(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"plain": retrying,
		"bounded": `{"loadBalancingConfig": [{"rendezvous": {"bound": 2}}]` + retrying[len(`{
	"loadBalancingConfig": [{"rendezvous": {}}]`):],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, nodes := fleetOf(t, 5)
			var src source
			src.publish(nodes...)
			conn := dialWith(t, &src, config, interceptors...)
			const key = "user:1"
			rank := order(t, nodes, key)
			for refusing := range 4 {
				require.Equal(t, rank[refusing], askOK(t, conn, key), "the first %d of %v refuse", refusing, rank)
				stream, name := open(t, conn, key)
				require.Equal(t, rank[refusing], name, "a stream while the first %d of %v refuse", refusing, rank)
				servers[name].finish(t, stream)
				servers[name].refusal.Store(uint32(codes.Unavailable))
			}
			_, err := ask(t.Context(), conn, key)
			assert.Equal(t, codes.Unavailable, status.Code(err), "four attempts, four refusals")
			for i, want := range []int32{5, 4, 3, 2, 0} {
				assert.EqualValues(t, want, servers[rank[i]].calls.Load(), "attempts at the node of rank %d", i)
			}
		})
	}
}

// TestRetriesWithoutInterceptors stay at the owner.
func TestRetriesWithoutInterceptors(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 3)
	var src source
	src.publish(nodes...)
	conn := dialWith(t, &src, retrying)
	owner := servers[order(t, nodes, "k")[0]]
	owner.refusal.Store(uint32(codes.Unavailable))
	_, err := ask(t.Context(), conn, "k")
	assert.Equal(t, codes.Unavailable, status.Code(err))
	assert.EqualValues(t, 4, owner.calls.Load())
}

// TestRetriesBeginAgain: with fewer nodes than attempts, the attempts after the last
// node go to the first one.
func TestRetriesBeginAgain(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 2)
	for _, s := range servers {
		s.refusal.Store(uint32(codes.Unavailable))
	}
	var src source
	src.publish(nodes...)
	_, err := ask(t.Context(), dialWith(t, &src, retrying, interceptors...), "k")
	assert.Equal(t, codes.Unavailable, status.Code(err))
	rank := order(t, nodes, "k")
	assert.EqualValues(t, 3, servers[rank[0]].calls.Load())
	assert.EqualValues(t, 1, servers[rank[1]].calls.Load())
}

// TestFailingNode kills the owner of a key and starts it again. The source knows
// nothing of it.
func TestFailingNode(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 4)
	var src source
	src.publish(nodes...)
	for name, config := range map[string]string{"plain": `{}`, "bounded": `{"bound": 2}`} {
		conn := dial(t, &src, `{"rendezvous": `+config+`}`)
		const key = "user:1"
		rank := order(t, nodes, key)
		require.Equal(t, rank[0], askOK(t, conn, key), name)
		servers[rank[0]].kill()
		noticed(t, conn, key, rank[1])
		servers[rank[1]].kill()
		noticed(t, conn, key, rank[2])
		servers[rank[0]].revive(t)
		eventually(t, "calls return to the owner", func() bool { return askOK(t, conn, key) == rank[0] })
		servers[rank[1]].revive(t)
		assert.Equal(t, rank[0], askOK(t, conn, key), name)
	}
}

// TestBackoffIsRespected counts connection attempts to a dead node while many calls
// that it owns go elsewhere.
func TestBackoffIsRespected(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 3)
	const key = "user:1"
	rank := order(t, nodes, key)
	dead := servers[rank[0]]
	dead.kill()
	var attempts atomic.Int32
	var src source
	src.publish(nodes...)
	conn := dial(t, &src, `{"rendezvous": {}}`,
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: time.Hour, MaxDelay: time.Hour}}),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			if address == dead.node.Addr {
				attempts.Add(1)
			}
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}))
	for range 300 {
		require.Equal(t, rank[1], askOK(t, conn, key))
	}
	assert.EqualValues(t, 1, attempts.Load(), "connection attempts before the backoff ends")
	dead.revive(t)
	for range 100 {
		require.Equal(t, rank[1], askOK(t, conn, key), "the backoff goes on")
	}
	conn.ResetConnectBackoff()
	eventually(t, "calls return to the owner", func() bool { return askOK(t, conn, key) == rank[0] })
	assert.EqualValues(t, 2, attempts.Load())
}

// TestChannelRecoversWithoutCalls: a channel that has failed connects again by itself.
func TestChannelRecoversWithoutCalls(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 3)
	for _, s := range servers {
		s.kill()
	}
	var src source
	src.publish(nodes...)
	conn := dial(t, &src, `{"rendezvous": {}}`)
	_, err := ask(t.Context(), conn, "k")
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.ErrorContains(t, err, "no node can be reached of 3; "+order(t, nodes, "k")[0]+": ")
	last := order(t, nodes, "k")[2]
	servers[last].revive(t)
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		require.True(t, conn.WaitForStateChange(t.Context(), state))
	}
	assert.Equal(t, last, askOK(t, conn, "k"))
}

// TestConnect: ClientConn.Connect connects to every node but the drained ones, and
// calls connect only to the nodes that they go to.
func TestConnect(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 4)
	nodes[3].Drain = true
	var src source
	src.publish(nodes...)
	accepted := func() (counts []int32) {
		for _, n := range nodes {
			counts = append(counts, servers[n.Name].accepted.Load())
		}
		return counts
	}
	conn := dial(t, &src, `{"rendezvous": {}}`)
	owner := askOK(t, conn, "k")
	want := make([]int32, 4)
	want[slices.IndexFunc(nodes, func(n mapper.Node) bool { return n.Name == owner })] = 1
	assert.Equal(t, want, accepted())
	conn.Connect()
	eventually(t, "all nodes that are not drained are connected", func() bool {
		return slices.Equal([]int32{1, 1, 1, 0}, accepted())
	})
}
