package rendezvous

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDrainedNodesKeepTheirRawScore: without a Scorer the raw score of a drained node
// is that which decides once it has a weight again. A Scorer does not get drained
// nodes, so they have none.
func TestDrainedNodesKeepTheirRawScore(t *testing.T) {
	t.Parallel()
	rawScores := func(weight float64, scorer Scorer) map[string]uint64 {
		set, err := New([]string{"a", "b", "c"}, Config[string]{
			ID:     func(id string) string { return id },
			Weight: func(id string) float64 { return map[string]float64{"a": 1, "b": weight, "c": 2}[id] },
			Scorer: scorer,
		})
		require.NoError(t, err)
		raw := map[string]uint64{}
		for id, score := range set.Scores("user:42") {
			raw[id] = score.Raw
		}
		return raw
	}
	assert.Equal(t, rawScores(1, nil), rawScores(0, nil))
	with, without := rawScores(1, GoRedis()), rawScores(0, GoRedis())
	assert.NotZero(t, with["b"])
	assert.Zero(t, without["b"])
	assert.Equal(t, with["a"], without["a"])
}
