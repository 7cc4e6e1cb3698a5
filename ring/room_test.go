package ring

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRoomAfterEveryNodeWasFull releases a lease when each node has been tried in turn
// and before all are tried under one lock. Its caller then gets the room.
func TestRoomAfterEveryNodeWasFull(t *testing.T) {
	t.Parallel()
	r, err := Of("a")
	require.NoError(t, err)
	b, err := NewBalancer(r, BalancerConfig[string]{
		ID: func(id string) string { return id }, Bound: 1, MaxLoad: func(string) int { return 1 },
	})
	require.NoError(t, err)
	held, ok := b.Acquire("first")
	require.True(t, ok)
	tried := 0
	lease, ok := b.AcquireFunc("second", func(string) bool {
		if tried++; tried == 3 {
			held.Release()
		}
		return true
	})
	require.Equal(t, 3, tried)
	require.True(t, ok)
	assert.Equal(t, "a", lease.Node())
	assert.Equal(t, map[string]int{"a": 1}, b.Loads())
}
