package grpclb

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
)

// TestCallsGoToTheOwner compares the server that answers with Select, for several
// rankings of nodes with weights.
func TestCallsGoToTheOwner(t *testing.T) {
	t.Parallel()
	_, nodes := fleetOf(t, 5)
	nodes[1].Weight, nodes[2].Weight, nodes[3].Drain = 2, 0.5, true
	set, err := rendezvous.Build(nodes)
	require.NoError(t, err)
	circle, err := ring.Build(nodes)
	require.NoError(t, err)
	table, err := set.Table(10)
	require.NoError(t, err)
	var src source
	src.publish(nodes...)
	for name, selector := range map[string]interface {
		Select(string) (mapper.Node, bool)
	}{"rendezvous": set, "ring": circle, "table": table} {
		for policy, config := range map[string]string{"plain": `{}`, "bounded": `{"bound": 100}`} {
			t.Run(name+"/"+policy, func(t *testing.T) {
				t.Parallel()
				conn := dial(t, &src, `{"`+name+`": `+config+`}`)
				seen := map[string]bool{}
				for _, key := range keys(200) {
					owner, ok := selector.Select(key)
					require.True(t, ok)
					require.Equal(t, owner.Name, askOK(t, conn, key), key)
					seen[owner.Name] = true
				}
				assert.Len(t, seen, 4, "all nodes but the drained one have keys")
			})
		}
	}
}

func TestKeyOfACall(t *testing.T) {
	t.Parallel()
	_, nodes := fleetOf(t, 5)
	var src source
	src.publish(nodes...)
	owner := func(key string) string { return order(t, nodes, key)[0] }
	call := func(conn *grpc.ClientConn, ctx context.Context) (string, error) {
		var name wrapperspb.StringValue
		err := conn.Invoke(ctx, who, new(emptypb.Empty), &name)
		return name.GetValue(), err
	}
	header := func(pairs ...string) context.Context {
		return metadata.AppendToOutgoingContext(t.Context(), pairs...)
	}

	conn := dial(t, &src, `{"rendezvous": {"header": "User-ID"}}`)
	for _, key := range keys(50) {
		for form, ctx := range map[string]context.Context{
			"header":                  header("user-id", key),
			"header in another case":  header("USER-id", key),
			"context":                 WithKey(t.Context(), key),
			"context before header":   WithKey(header("user-id", "other"), key),
			"innermost context":       WithKey(WithKey(t.Context(), "other"), key),
			"header among others":     header("a", "b", "user-id", key),
			"header after a same key": header("user-i", "a", "user-id", key),
		} {
			name, err := call(conn, ctx)
			require.NoError(t, err)
			require.Equal(t, owner(key), name, "%s: key %s", form, key)
		}
		name, err := call(conn, header("user-id", key, "user-id", "b"))
		require.NoError(t, err)
		require.Equal(t, owner(key+",b"), name, "values are joined")
	}
	name, err := call(conn, WithKey(t.Context(), ""))
	require.NoError(t, err)
	assert.Equal(t, owner(""), name, "the empty key is a key")

	_, err = call(conn, t.Context())
	assert.Equal(t, codes.Internal, status.Code(err))
	assert.ErrorContains(t, err, `/test.Who/Who has no key: set the request header "user-id", or use grpclb.WithKey`)
	_, err = call(dial(t, &src, `{"rendezvous": {}}`), header("user-id", "a"))
	assert.ErrorContains(t, err, `/test.Who/Who has no key: use grpclb.WithKey`)

	anywhere := dial(t, &src, `{"rendezvous": {"missingKey": "random"}}`)
	seen := map[string]bool{}
	eventually(t, "calls without a key reach every node", func() bool {
		name, err := call(anywhere, t.Context())
		require.NoError(t, err)
		seen[name] = true
		return len(seen) == len(nodes)
	})
}

// TestNoNodes: a call fails with the reason why there is no node, and a call that
// waits for a ready connection waits for one.
func TestNoNodes(t *testing.T) {
	t.Parallel()
	server := start(t, "a")
	drained := server.node
	drained.Drain = true
	for name, test := range map[string]struct {
		publish func(*source)
		want    string
	}{
		"none":           {func(s *source) { s.publish() }, "no nodes to choose from: the source has none"},
		"all drained":    {func(s *source) { s.publish(drained) }, "no nodes to choose from: all are drained"},
		"source fails":   {func(s *source) { s.Fail(errors.New("catalog is down")) }, "catalog is down"},
		"cannot rank":    {func(s *source) { s.publish(mapper.Node{Name: "a", Weight: -1}) }, `no nodes to choose from: ranking 1 nodes: node "a"`},
		"cannot connect": {func(s *source) { s.publish(mapper.Node{Name: "a", Addr: "127.0.0.1:1"}) }, "no node can be reached of 1; a: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var src source
			test.publish(&src)
			conn := dial(t, &src, `{"rendezvous": {}}`)
			_, err := ask(t.Context(), conn, "k")
			assert.Equal(t, codes.Unavailable, status.Code(err))
			assert.ErrorContains(t, err, test.want)

			answered := make(chan string, 1)
			go func() {
				name, err := ask(t.Context(), conn, "k", grpc.WaitForReady(true))
				answered <- name
				assert.NoError(t, err)
			}()
			src.publish(server.node)
			assert.Equal(t, "a", <-answered, "the call that waits")
		})
	}
}

// TestBadSetLeavesTheLast: a set that cannot be ranked, and a source that fails, leave
// the nodes as they were.
func TestBadSetLeavesTheLast(t *testing.T) {
	t.Parallel()
	_, nodes := fleetOf(t, 3)
	var src source
	src.publish(nodes...)
	conn := dial(t, &src, `{"rendezvous": {}}`)
	check := func() {
		t.Helper()
		for _, key := range keys(50) {
			require.Equal(t, order(t, nodes, key)[0], askOK(t, conn, key))
		}
	}
	check()
	src.publish(nodes[0], mapper.Node{Name: "b", Weight: -1})
	src.Fail(errors.New("catalog is down"))
	check()
	nodes = nodes[:2]
	src.publish(nodes...)
	eventually(t, "the next good set is in force", func() bool {
		for _, key := range keys(50) {
			if order(t, nodes, key)[0] != askOK(t, conn, key) {
				return false
			}
		}
		return true
	})
}

// TestHiddenNodes: behind an HTTP proxy gRPC replaces every endpoint, and would send
// all calls to the first node that the proxy connects to.
func TestHiddenNodes(t *testing.T) {
	t.Parallel()
	server := start(t, "a")
	proxied := stateOf([]mapper.Node{server.node})
	proxied.Endpoints = []resolver.Endpoint{{Addresses: proxied.Endpoints[0].Addresses}}
	r := manual.NewBuilderWithScheme("proxenos")
	r.InitialState(proxied)
	conn := dialBy(t, r, `{"loadBalancingConfig": [{"rendezvous": {}}]}`)
	_, err := ask(t.Context(), conn, "k")
	assert.ErrorContains(t, err, "the channel goes through an HTTP proxy, which hides the nodes; pass grpc.WithNoProxy to grpc.NewClient")
}

// TestOtherResolvers: without nodes, addresses are the names.
func TestOtherResolvers(t *testing.T) {
	t.Parallel()
	_, nodes := fleetOf(t, 3)
	r := manual.NewBuilderWithScheme("proxenos")
	var state resolver.State
	byAddr := map[string]string{}
	var addresses []mapper.Node
	for _, n := range append(nodes, nodes[0]) { // one address twice
		state.Addresses = append(state.Addresses, resolver.Address{Addr: n.Addr})
		byAddr[n.Addr] = n.Name
	}
	for addr := range byAddr {
		addresses = append(addresses, mapper.Node{Name: addr})
	}
	r.InitialState(state)
	conn := dialBy(t, r, `{"loadBalancingConfig": [{"rendezvous": {}}]}`)
	for _, key := range keys(100) {
		require.Equal(t, byAddr[order(t, addresses, key)[0]], askOK(t, conn, key))
	}
}

// TestTwoNodesAtOneAddress: each gets its keys, over one connection.
func TestTwoNodesAtOneAddress(t *testing.T) {
	t.Parallel()
	server, other := start(t, "a"), start(t, "b")
	twin := server.node
	twin.Name = "c"
	var src source
	src.publish(server.node, other.node, twin)
	conn := dial(t, &src, `{"rendezvous": {}}`)
	answers := map[string]string{"a": "a", "b": "b", "c": "a"}
	for _, key := range keys(100) {
		owner := order(t, []mapper.Node{server.node, other.node, twin}, key)[0]
		require.Equal(t, answers[owner], askOK(t, conn, key))
	}
	assert.EqualValues(t, 1, server.accepted.Load())
}
