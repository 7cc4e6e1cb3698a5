package ring

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuilderRefuses(t *testing.T) {
	t.Parallel()
	b := NewBuilder(weightedConfig)
	require.NoError(t, b.AddMany(weighted{"a", 1}, weighted{"b", 1}))
	assert.ErrorIs(t, b.Add(weighted{"a", 2}), ErrDuplicateID)
	assert.ErrorIs(t, b.Add(weighted{"", 1}), ErrEmptyID)
	assert.ErrorIs(t, b.Add(weighted{"c", math.NaN()}), ErrWeight)
	assert.ErrorIs(t, b.AddMany(weighted{"c", 1}, weighted{"c", 1}), ErrDuplicateID)
	assert.ErrorIs(t, b.AddMany(weighted{"c", 1}, weighted{"a", 1}), ErrDuplicateID)
	assert.ErrorIs(t, b.Remove("c"), ErrUnknownID)
	assert.EqualError(t, b.Remove("c"), `node "c": no node has this ID`)
	assert.Equal(t, 2, b.Len(), "a refused node leaves no trace")
	assert.ErrorIs(t, NewBuilder(Config[weighted]{}).Add(weighted{"a", 1}), ErrNoID)
	_, err := NewBuilder(Config[weighted]{}).Build()
	assert.ErrorIs(t, err, ErrNoID)
}

func TestBuilderEqualsNew(t *testing.T) {
	t.Parallel()
	for _, layout := range allLayouts() {
		t.Run(layout.String(), func(t *testing.T) {
			cfg := weightedConfig
			cfg.Layout = layout
			b := NewBuilder(cfg)
			var nodes []weighted
			for i := range 8 {
				nodes = append(nodes, weighted{fmt.Sprintf("10.0.0.%d:80", i), 1})
				require.NoError(t, b.Add(nodes[i]))
			}
			built, err := b.Build()
			require.NoError(t, err)
			fresh, err := New(nodes, cfg)
			require.NoError(t, err)
			assert.Equal(t, fresh.Checksum(), built.Checksum(), "with equal capacities the history does not matter")
		})
	}
}

func TestRemoveAfterAddRestoresTheChecksum(t *testing.T) {
	t.Parallel()
	for _, layout := range allLayouts() {
		t.Run(layout.String(), func(t *testing.T) {
			cfg := weightedConfig
			cfg.Layout = layout
			b := NewBuilder(cfg)
			require.NoError(t, b.AddMany(weighted{"a:1", 1}, weighted{"b:1", 3}, weighted{"c:1", 2}))
			before, err := b.Build()
			require.NoError(t, err)
			require.NoError(t, b.Add(weighted{"d:1", 4}))
			with, err := b.Build()
			require.NoError(t, err)
			assert.NotEqual(t, before.Checksum(), with.Checksum())
			require.NoError(t, b.Remove("d:1"))
			after, err := b.Build()
			require.NoError(t, err)
			assert.Equal(t, before.Checksum(), after.Checksum())
		})
	}
}

func TestRingsOutliveTheBuilder(t *testing.T) {
	t.Parallel()
	b := NewBuilder(weightedConfig)
	require.NoError(t, b.AddMany(weighted{"a", 1}, weighted{"b", 1}, weighted{"c", 1}))
	r, err := b.Build()
	require.NoError(t, err)
	sum := r.Checksum()
	require.NoError(t, b.Remove("a"))
	require.NoError(t, b.Add(weighted{"d", 1}))
	assert.Equal(t, sum, r.Checksum())
	assert.Equal(t, 3, r.Len())
	assert.Equal(t, 3, b.Len())
}

// TestHashRingKeepsTheMostPoints: a node has the most points it had in any era
// since it was added.
func TestHashRingKeepsTheMostPoints(t *testing.T) {
	t.Parallel()
	cfg := weightedConfig
	cfg.Layout = HashRing()
	count := func(r *Ring[weighted], id string) (n int) {
		for _, node := range r.Points() {
			if node.id == id {
				n++
			}
		}
		return n
	}
	b := NewBuilder(cfg)
	require.NoError(t, b.Add(weighted{"light:1", 1}))
	require.NoError(t, b.Add(weighted{"heavy:1", 3}))
	r, err := b.Build()
	require.NoError(t, err)
	assert.Equal(t, 120, count(r, "light:1"), "as many as when it was alone")
	assert.Equal(t, 180, count(r, "heavy:1"))
	require.ErrorIs(t, b.Remove("unknown"), ErrUnknownID)
	r, err = b.Build()
	require.NoError(t, err)
	assert.Equal(t, 60, count(r, "light:1"), "Remove discards the history")
	require.NoError(t, b.Add(weighted{"late:1", 1}))
	r, err = b.Build()
	require.NoError(t, err)
	assert.Equal(t, 72, count(r, "late:1"), "30*3*1/5 digests of four points")
	assert.Equal(t, 72, count(r, "light:1"), "it has the most points in the last era")
	assert.Equal(t, 216, count(r, "heavy:1"))
}

// TestHashRingOfManyCapacities: the history of thousands of nodes of different
// capacities takes little memory besides the ring.
func TestHashRingOfManyCapacities(t *testing.T) {
	cfg := weightedConfig
	cfg.Layout = HashRing()
	b := NewBuilder(cfg)
	for i := range 4000 {
		require.NoError(t, b.Add(weighted{fmt.Sprintf("10.0.0.0:%d", i), 1 + float64(i)/1000}))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := b.Build()
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	perPoint := float64(after.TotalAlloc-before.TotalAlloc) / float64(r.circle.len())
	assert.Less(t, perPoint, 100.0, "bytes a point")
}
