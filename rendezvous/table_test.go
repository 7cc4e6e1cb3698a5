package rendezvous

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTableIsTheSetOfItsSlots: every method of a table returns for a key what its
// set returns for the number of the key's slot.
func TestTableIsTheSetOfItsSlots(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config[server]{
		"equal": {ID: server.Name}, "weighted": byCapacity, "scorer": {ID: server.Name, Scorer: lettersOf},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSet(t, mixedWeights(13), cfg)
			table, err := s.Table(6)
			require.NoError(t, err)
			require.Equal(t, 64, table.Slots())
			used := map[int]bool{}
			for i := range 2000 {
				key := "user:" + strconv.Itoa(i)
				slot := table.Slot(key)
				used[slot] = true
				number := strconv.Itoa(slot)
				want, _ := s.Select(number)
				got, ok := table.Select(key)
				require.True(t, ok)
				require.Equal(t, want, got)
				owner, ok := table.Owner(slot)
				require.True(t, ok)
				require.Equal(t, want, owner)
				for n := range 15 {
					require.Equal(t, s.SelectN(nil, number, n), table.SelectN(nil, key, n))
				}
				require.Equal(t, slices.Collect(s.Rank(number)), slices.Collect(table.Rank(key)))
			}
			assert.Len(t, used, 64, "every slot is used")
			assert.Equal(t, s.Len(), table.Len())
			assert.Equal(t, slices.Collect(s.All()), slices.Collect(table.All()))
			for n, score := range table.Scores("user:1") {
				best, _ := table.Select("user:1")
				assert.Equal(t, best, n)
				assert.Positive(t, score.Weight)
				break
			}
		})
	}
}

func TestTableBounds(t *testing.T) {
	t.Parallel()
	s := newSet(t, named("a", "b"), byCapacity)
	for _, bits := range []int{-1, 0, 25, 64} {
		_, err := s.Table(bits)
		require.ErrorIs(t, err, ErrTableBits)
		assert.ErrorContains(t, err, "table bits "+strconv.Itoa(bits)+":")
	}
	table, err := s.Table(1)
	require.NoError(t, err)
	for _, slot := range []int{-1, 2} {
		_, ok := table.Owner(slot)
		assert.False(t, ok, "slot %d", slot)
	}
}

// TestTableBalance checks the figures in the documentation of Table.
func TestTableBalance(t *testing.T) {
	t.Parallel()
	s := newSet(t, numbered("server", 100), byCapacity)
	for bits, most := range map[int]float64{16: 1.15, 18: 1.08} {
		table, err := s.Table(bits)
		require.NoError(t, err)
		count := map[string]int{}
		for slot := range table.Slots() {
			owner, _ := table.Owner(slot)
			count[owner.name]++
		}
		fullest := 0
		for _, n := range count {
			fullest = max(fullest, n)
		}
		ratio := float64(fullest) * 100 / float64(table.Slots())
		t.Logf("%d bits: max/avg %.3f", bits, ratio)
		assert.Less(t, ratio, most, "%d bits", bits)
	}
}
