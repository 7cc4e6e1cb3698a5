package grpclb

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/proxenos/proxenos/mapper"
)

// TestDraining: a drained node, and one that has left the set, get no new calls, and
// the calls on them go on.
func TestDraining(t *testing.T) {
	t.Parallel()
	const key = "user:1"
	for name, change := range map[string]func(nodes []mapper.Node, owner int) []mapper.Node{
		"drain": func(nodes []mapper.Node, owner int) []mapper.Node {
			changed := mapper.Clone(nodes)
			changed[owner].Drain = true
			return changed
		},
		"leave": func(nodes []mapper.Node, owner int) []mapper.Node {
			changed := mapper.Clone(nodes)
			return append(changed[:owner], changed[owner+1:]...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, nodes := fleetOf(t, 4)
			rank := order(t, nodes, key)
			owner := servers[rank[0]]
			at := 0
			for nodes[at].Name != owner.node.Name {
				at++
			}
			var src source
			src.publish(nodes...)
			conn := dial(t, &src, `{"rendezvous": {}}`)
			stream, streamed := open(t, conn, key)
			require.Equal(t, owner.node.Name, streamed)

			src.publish(change(nodes, at)...)
			eventually(t, "calls go to the next node", func() bool { return askOK(t, conn, key) == rank[1] })
			calls := owner.calls.Load()
			for _, k := range keys(100) {
				require.NotEqual(t, owner.node.Name, askOK(t, conn, k))
			}
			assert.Equal(t, calls, owner.calls.Load(), "no new calls")
			owner.finish(t, stream)

			src.publish(nodes...)
			eventually(t, "calls return", func() bool { return askOK(t, conn, key) == rank[0] })
			if name == "drain" {
				assert.EqualValues(t, 1, owner.accepted.Load(), "the connection was kept")
			}
		})
	}
}

// TestBoundedLoads holds calls with one key: the bound spreads them over all nodes by
// weight, and their end makes room again.
func TestBoundedLoads(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 4)
	nodes[1].Weight = 2
	var src source
	src.publish(nodes...)
	conn := dial(t, &src, `{"rendezvous": {"bound": 1}}`)
	const key, calls = "user:1", 50
	counts := map[string]int{}
	streams := map[string][]grpc.ClientStream{}
	for range calls {
		stream, name := open(t, conn, key)
		streams[name] = append(streams[name], stream)
		counts[name]++
	}
	assert.Equal(t, map[string]int{"node-0": 10, "node-1": 20, "node-2": 10, "node-3": 10}, counts)

	for name, s := range servers {
		s.finish(t, streams[name]...)
	}
	for _, k := range keys(100) {
		require.Equal(t, order(t, nodes, k)[0], askOK(t, conn, k), "without load a call goes to its owner")
	}
}

// TestBoundWithoutTheDead: the share of a node that cannot be reached goes to the
// others.
func TestBoundWithoutTheDead(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 3)
	var src source
	src.publish(nodes...)
	conn := dial(t, &src, `{"rendezvous": {"bound": 1}}`)
	const key = "user:2"
	rank := order(t, nodes, key)
	servers[rank[0]].kill()
	noticed(t, conn, key, rank[1])
	counts := map[string]int{}
	for range 20 {
		_, name := open(t, conn, key)
		counts[name]++
	}
	assert.Equal(t, map[string]int{rank[1]: 10, rank[2]: 10}, counts)
}
