package compare

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func members(ids ...string) []Member {
	m := make([]Member, len(ids))
	for i, id := range ids {
		m[i] = Member{ID: id, Weight: 1, Share: 1 / float64(len(ids))}
	}
	return m
}

// TestChangeByHand adds c to a and b. One key moves from a to c, and one from a
// to b without need.
func TestChangeByHand(t *testing.T) {
	t.Parallel()
	c := NewChange(members("b", "a"), members("a", "c", "b"))
	tally := c.NewTally()
	const beforeB, beforeA, afterA, afterC, afterB = 0, 1, 0, 1, 2
	assert.False(t, tally.Count(beforeA, afterA, 1))
	assert.False(t, tally.Count(beforeB, afterB, 1))
	assert.True(t, tally.Count(beforeA, afterC, 1))
	assert.True(t, tally.Count(beforeA, afterB, 1))
	c.Gather(tally)
	m := c.Movement()
	assert.Equal(t, &Movement{
		Keys: 4, Moved: 2, Ideal: 2, Excess: 0, Survivors: 1, Expected: m.Expected,
		Nodes: []NodeChange{{"a", Kept, 3, 1}, {"b", Kept, 1, 2}, {"c", Added, 0, 1}},
		Flows: []Flow{{"a", "b", 1}, {"a", "c", 1}},
	}, m)
	assert.InDelta(t, 1.0/3, m.Expected, 1e-15, "1/(n+1) for a node added to n")
	assert.Equal(t, 0.5, m.Fraction(m.Moved))
}

// TestSwappedKeysAreExcess swaps two keys, which changes no node's load.
func TestSwappedKeysAreExcess(t *testing.T) {
	t.Parallel()
	c := NewChange(members("a", "b"), members("a", "b"))
	tally := c.NewTally()
	tally.Count(0, 1, 1)
	tally.Count(1, 0, 1)
	c.Gather(tally)
	m := c.Movement()
	assert.Equal(t, []int64{2, 0, 2, 2}, []int64{m.Moved, m.Ideal, m.Excess, m.Survivors})
	assert.Equal(t, []Flow{{"a", "b", 1}, {"b", "a", 1}}, m.Flows)
}

// TestDrainedNodesAreNoSurvivors has a key move between nodes that are drained on
// both sides, as other programs may place it.
func TestDrainedNodesAreNoSurvivors(t *testing.T) {
	t.Parallel()
	drained := []Member{{ID: "a"}, {ID: "b"}}
	c := NewChange(drained, drained)
	tally := c.NewTally()
	tally.Count(0, 1, 1)
	c.Gather(tally)
	m := c.Movement()
	assert.Equal(t, []int64{1, 0}, []int64{m.Moved, m.Survivors})
}

func TestKinds(t *testing.T) {
	t.Parallel()
	before := []Member{{ID: "kept", Weight: 1}, {ID: "gone", Weight: 1}, {ID: "heavier", Weight: 1}, {ID: "drained", Weight: 1}}
	after := []Member{{ID: "drained"}, {ID: "heavier", Weight: 2}, {ID: "new", Weight: 1}, {ID: "kept", Weight: 1}}
	kinds := map[string]Kind{}
	for _, n := range NewChange(before, after).Movement().Nodes {
		kinds[n.ID] = n.Kind
	}
	assert.Equal(t, map[string]Kind{"kept": Kept, "gone": Removed, "heavier": Reweighted, "drained": Reweighted, "new": Added}, kinds)
}

// TestReweightedNodeIsNotSurvivor: keys must move to or from a reweighted node.
func TestReweightedNodeIsNotSurvivor(t *testing.T) {
	t.Parallel()
	c := NewChange([]Member{{ID: "a", Weight: 1}, {ID: "b", Weight: 1}}, []Member{{ID: "a", Weight: 1}, {ID: "b", Weight: 2}})
	tally := c.NewTally()
	tally.Count(0, 1, 1)
	c.Gather(tally)
	assert.Zero(t, c.Movement().Survivors)
}

func TestTooManyNodesForFlows(t *testing.T) {
	t.Parallel()
	many := make([]Member, 2049)
	for i := range many {
		many[i] = Member{ID: string(AppendSampleKey(nil, int64(i))), Weight: 1}
	}
	c := NewChange(many, many)
	tally := c.NewTally()
	require.True(t, tally.Count(0, 1, 1))
	c.Gather(tally)
	m := c.Movement()
	assert.Nil(t, m.Flows)
	assert.Equal(t, int64(1), m.Moved)
	assert.NotNil(t, NewChange(many[1:], many[1:]).Movement().Flows, "2,048 nodes are within MaxFlows")
}

// TestReplicasByHand: one of two replicas of the first key stays on its node; both
// of the second key, which weighs ten times as much, are copied.
func TestReplicasByHand(t *testing.T) {
	t.Parallel()
	c := NewChange(members("a", "b", "c"), members("c", "a", "d"))
	first, second := c.NewTally(), c.NewTally()
	const beforeA, beforeB, afterC, afterA, afterD = 0, 1, 0, 1, 2
	first.CountReplicas([]int{beforeA, beforeB}, []int{afterD, afterA}, 1)
	second.CountReplicas([]int{beforeB, beforeA}, []int{afterC, afterD}, 10)
	c.Gather(first)
	c.Gather(second)
	m := c.Movement()
	assert.Equal(t, []int64{22, 21}, []int64{m.Replicas, m.Copied})
}

// TestWeightsOfKeys: a key of weight 5 counts like five keys.
func TestWeightsOfKeys(t *testing.T) {
	t.Parallel()
	movement := func(times int, weight int64) *Movement {
		c := NewChange(members("a", "b"), members("a", "b", "c"))
		tally := c.NewTally()
		for range times {
			tally.Count(0, 2, weight)
			tally.Count(1, 1, weight)
		}
		c.Gather(tally)
		return c.Movement()
	}
	assert.Equal(t, movement(5, 1), movement(1, 5))
	assert.Equal(t, int64(5), movement(1, 5).Moved)
}
