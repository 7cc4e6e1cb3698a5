package figures

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

// The load after each loss, computed from ranks, is the load of a placement that
// is built without the lost nodes.
func TestCapacityIsExact(t *testing.T) {
	t.Parallel()
	nodes := equalNodes(6)
	nodes[4].Weight = 2
	for i := range nodes {
		nodes[i].Zone = []string{"x", "y", "z"}[i%3]
	}
	zone, _ := zonesOf(nodes)
	for name, group := range map[string][]int{"nodes": compare.Singly(len(nodes)), "zones": zone} {
		for _, algorithm := range []string{"rendezvous", "ring"} {
			t.Run(name+"/"+algorithm, func(t *testing.T) {
				t.Parallel()
				keys := &answer.Keys{Sample: 20_000}
				load, losses, err := measureCapacity(context.Background(), quiet, placed(t, algorithm, nodes), keys, group)
				require.NoError(t, err)
				require.Len(t, losses, slices.Max(group)+1)
				for _, loss := range losses {
					assert.InDelta(t, ratioWithout(t, algorithm, nodes, group, loss.Group, load, keys), loss.Ratio, 1e-12, "loss %d", loss.Group)
				}
			})
		}
	}
}

// ratioWithout returns the highest ratio of the nodes that take over keys, after
// the nodes of a group are removed.
func ratioWithout(t *testing.T, algorithm string, nodes []mapper.Node, group []int, lost int, before *compare.Load, keys *answer.Keys) (highest float64) {
	var left []mapper.Node
	var was []int
	for i, n := range nodes {
		if group[i] != lost {
			left, was = append(left, n), append(was, i)
		}
	}
	load, err := measureLoad(context.Background(), quiet, placed(t, algorithm, left), keys)
	require.NoError(t, err)
	for i, held := range load.Held {
		if held > before.Held[was[i]] {
			highest = max(highest, float64(held)/before.Expected(was[i]))
		}
	}
	return highest
}

// A node that joins n others takes a replica of r/(n+1) of the keys: 1/(n+1) of all
// replicas must be copied, whatever their number.
func TestCopiesOfAJoiningNode(t *testing.T) {
	t.Parallel()
	for _, policy := range []mapper.ZonePolicy{mapper.ZonePolicyAny, mapper.ZonePolicySpread} {
		nodes := equalNodes(6)
		m, err := measureCopies(context.Background(), quiet, placed(t, "rendezvous", nodes[:5]), placed(t, "rendezvous", nodes), &answer.Keys{Sample: 20_000}, 3, policy)
		require.NoError(t, err)
		assert.Equal(t, int64(60_000), m.Replicas)
		assert.InDelta(t, 1.0/6, float64(m.Copied)/float64(m.Replicas), 0.01, policy)
	}
}

// With one replica, as many keys are copied as move.
func TestOneReplicaIsCopiedWhenItMoves(t *testing.T) {
	t.Parallel()
	m, err := measureCopies(context.Background(), quiet, placed(t, "ring", equalNodes(3)), placed(t, "ring", equalNodes(4)), &answer.Keys{Sample: 20_000}, 1, mapper.ZonePolicyAny)
	require.NoError(t, err)
	assert.Equal(t, m.Moved, m.Copied)
	assert.Equal(t, m.Keys, m.Replicas)
	assert.Positive(t, m.Moved)
}

func TestWeightedKeys(t *testing.T) {
	t.Parallel()
	in := func(text string) *term.Streams {
		std := *quiet
		std.In = strings.NewReader(text)
		return &std
	}
	keys := &answer.Keys{File: "-", Weighted: true}
	load, err := measureLoad(context.Background(), in("a\t5\nb\tc\t7\r\nd\t0\n"), placed(t, "rendezvous", equalNodes(1)), keys)
	require.NoError(t, err)
	assert.Equal(t, int64(12), load.Keys)
	for name, line := range map[string]string{"no tab": "a", "no number": "a\tb", "a negative one": "a\t-1", "a fraction": "a\t1.5", "a large one": "a\t1099511627777"} {
		_, err := measureLoad(context.Background(), in(line+"\n"), placed(t, "rendezvous", equalNodes(1)), keys)
		assert.ErrorContains(t, err, "must end in a tab and a weight", name)
	}
	most := strings.Repeat("a\t1099511627776\n", 1<<13)
	load, err = measureLoad(context.Background(), in(most), placed(t, "rendezvous", equalNodes(1)), keys)
	require.NoError(t, err)
	assert.Equal(t, int64(1<<53), load.Keys)
	_, err = measureLoad(context.Background(), in(most+"a\t1\n"), placed(t, "rendezvous", equalNodes(1)), keys)
	assert.ErrorContains(t, err, "the sum of the weights is too large", "whatever goroutine counts which keys")
}
