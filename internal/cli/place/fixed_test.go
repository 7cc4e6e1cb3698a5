package place

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// The points that flags may repeat are those that the layouts place for a node.
func TestFixedPointsAreThoseOfTheRing(t *testing.T) {
	t.Parallel()
	tested := 0
	for _, a := range Rings {
		if a.fixed.points == 0 {
			continue
		}
		tested++
		ranking, err := a.build(new(Flags), []mapper.Node{{Name: "h:1"}, {Name: "h:2"}})
		require.NoError(t, err)
		circle, ok := ranking.(*ring.Ring[int])
		require.True(t, ok)
		count := 0
		for range circle.Points() {
			count++
		}
		assert.Equal(t, 2*a.fixed.points, count, a.Name)
	}
	assert.Equal(t, 14, tested)
}
