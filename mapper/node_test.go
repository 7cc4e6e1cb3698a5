package mapper_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

func TestCapacity(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		node mapper.Node
		want float64
	}{
		{"not given counts as 1", mapper.Node{}, 1},
		{"as given", mapper.Node{Weight: 2.5}, 2.5},
		{"drained", mapper.Node{Drain: true}, 0},
		{"drained whatever the weight", mapper.Node{Weight: 2, Drain: true}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { require.InDelta(t, c.want, c.node.Capacity(), 0) })
	}
}

// TestMaxWeight compares with the greatest weight that the algorithms accept.
func TestMaxWeight(t *testing.T) {
	t.Parallel()
	for _, w := range []float64{mapper.MaxWeight, math.SmallestNonzeroFloat64} {
		_, err := rendezvous.Build([]mapper.Node{{Name: "a", Weight: w}})
		require.NoError(t, err, "weight %g", w)
	}
	_, err := rendezvous.Build([]mapper.Node{{Name: "a", Weight: math.Nextafter(mapper.MaxWeight, math.Inf(1))}})
	require.Error(t, err)
}

func TestEqualSeesEveryField(t *testing.T) {
	t.Parallel()
	base := func() mapper.Node {
		return mapper.Node{Name: "a", Addr: "h:1", Weight: 2, Zone: "z", Tags: []string{"x", "y"}, Meta: map[string]string{"k": "v"}}
	}
	cases := []struct {
		name   string
		change func(*mapper.Node)
	}{
		{"name", func(n *mapper.Node) { n.Name = "b" }},
		{"address", func(n *mapper.Node) { n.Addr = "h:2" }},
		{"weight", func(n *mapper.Node) { n.Weight = 1 }},
		{"drain", func(n *mapper.Node) { n.Drain = true }},
		{"zone", func(n *mapper.Node) { n.Zone = "" }},
		{"tags", func(n *mapper.Node) { n.Tags = []string{"x"} }},
		{"order of tags", func(n *mapper.Node) { n.Tags = []string{"y", "x"} }},
		{"value of metadata", func(n *mapper.Node) { n.Meta["k"] = "w" }},
		{"key of metadata", func(n *mapper.Node) { n.Meta = map[string]string{"l": "v"} }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			changed := base()
			c.change(&changed)
			require.False(t, base().Equal(changed))
			require.False(t, mapper.Equal([]mapper.Node{base()}, []mapper.Node{changed}))
		})
	}
	require.True(t, base().Equal(base()))
	require.True(t, mapper.Node{}.Equal(mapper.Node{Tags: []string{}, Meta: map[string]string{}}), "missing equals empty")
}

func TestEqualSets(t *testing.T) {
	t.Parallel()
	a, b := mapper.Node{Name: "a"}, mapper.Node{Name: "b"}
	require.True(t, mapper.Equal(nil, []mapper.Node{}))
	require.True(t, mapper.Equal([]mapper.Node{a, b}, []mapper.Node{a, b}))
	require.False(t, mapper.Equal([]mapper.Node{a, b}, []mapper.Node{b, a}), "the order counts")
	require.False(t, mapper.Equal([]mapper.Node{a}, []mapper.Node{a, b}))
}

func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	nodes := []mapper.Node{{Name: "a", Tags: []string{"x"}, Meta: map[string]string{"k": "v"}}}
	clone := mapper.Clone(nodes)
	require.True(t, mapper.Equal(nodes, clone))
	nodes[0].Tags[0], nodes[0].Meta["k"], nodes[0].Name = "y", "w", "b"
	require.Equal(t, []mapper.Node{{Name: "a", Tags: []string{"x"}, Meta: map[string]string{"k": "v"}}}, clone)
}

// TestNodeHasTheFieldsOfAList fails to compile if the nodes of a list cannot be
// converted.
func TestNodeHasTheFieldsOfAList(t *testing.T) {
	t.Parallel()
	n := mapper.Node{Name: "a", Addr: "h:1", Weight: 2, Drain: true, Zone: "z", Tags: []string{"t"}, Meta: map[string]string{"k": "v"}}
	require.Equal(t, n, mapper.Node(nodelist.Node(n)))
	require.EqualValues(t, nodelist.MaxWeight, mapper.MaxWeight)
}
