package grpclb

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/attributes"
	"google.golang.org/grpc/resolver"

	"github.com/proxenos/proxenos/mapper"
)

// TestNodesAreComparable: gRPC compares the attributes of endpoints and addresses. A
// mapper.Node in them makes it panic, which the first assertion shows; the value that
// WithNode puts there does not.
func TestNodesAreComparable(t *testing.T) {
	t.Parallel()
	node := mapper.Node{Name: "a", Tags: []string{"x"}, Meta: map[string]string{"k": "v"}}
	assert.PanicsWithError(t, "runtime error: comparing uncomparable type mapper.Node", func() {
		attributes.New(nodeKey{}, node).Equal(attributes.New(nodeKey{}, node.Clone()))
	})

	of := func(n mapper.Node) *attributes.Attributes { return WithNode(resolver.Endpoint{}, n).Attributes }
	other := node.Clone()
	other.Meta["k"] = "w"
	assert.True(t, of(node).Equal(of(node.Clone())), "equal nodes")
	assert.False(t, of(node).Equal(of(other)), "other metadata")
	assert.False(t, of(node).Equal(attributes.New(nodeKey{}, "a")), "a value of another type")
	assert.Contains(t, of(node).String(), `"a"`, "logs name the node")

	// A map of addresses compares their attributes.
	addresses := resolver.NewAddressMapV2[int]()
	addresses.Set(resolver.Address{Addr: "a:1", Attributes: of(node)}, 1)
	addresses.Set(resolver.Address{Addr: "a:1", Attributes: of(node.Clone())}, 2)
	addresses.Set(resolver.Address{Addr: "a:1", Attributes: of(other)}, 3)
	assert.Equal(t, 2, addresses.Len())
}

// TestOtherBalancersGetTheNodes: the state of the resolver suits gRPC's own balancers,
// also after nodes have changed.
func TestOtherBalancersGetTheNodes(t *testing.T) {
	t.Parallel()
	servers, nodes := fleetOf(t, 2)
	var src source
	src.publish(nodes...)
	conn := dial(t, &src, `{"round_robin": {}}`)
	seen := map[string]bool{}
	eventually(t, "both servers answer", func() bool {
		seen[askOK(t, conn, "any")] = true
		return len(seen) == 2
	})
	nodes[0].Tags, nodes[0].Meta = []string{"x"}, map[string]string{"k": "v"}
	src.publish(nodes...)
	nodes[0].Meta["k"] = "w"
	src.publish(nodes...)
	src.publish(nodes[0])
	eventually(t, "only the first server answers", func() bool {
		first, second := askOK(t, conn, "any"), askOK(t, conn, "any")
		return first == "node-0" && second == "node-0"
	})
	for name, s := range servers {
		assert.EqualValues(t, 1, s.accepted.Load(), "connections to %s", name)
	}
}

func TestNodeOf(t *testing.T) {
	t.Parallel()
	_, ok := NodeOf(resolver.Endpoint{})
	assert.False(t, ok)
	n, ok := NodeOf(WithNode(WithNode(resolver.Endpoint{}, mapper.Node{Name: "a"}), mapper.Node{Name: "b"}))
	require.True(t, ok)
	assert.Equal(t, "b", n.Name)
}
