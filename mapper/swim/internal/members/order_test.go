package members

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryMemberIsProbedEachRound(t *testing.T) {
	t.Parallel()
	b := tableWith("a", "b", "c")
	for range 5 {
		seen := map[string]bool{}
		for range 3 {
			n, ok := b.NextProbe(false)
			require.True(t, ok)
			seen[n.Name] = true
		}
		require.Len(t, seen, 3)
	}
	b.Gone("b", noon)
	b.leave(Message{Name: "c", Life: Life{genOne, 0, 1}}, noon)
	for range 5 {
		n, ok := b.NextProbe(false)
		require.True(t, ok)
		require.Equal(t, "a", n.Name, "a member that is gone is skipped")
	}
	_, ok := tableWith().NextProbe(false)
	require.False(t, ok, "the local member does not probe itself")
}

func TestNewMemberIsProbedInTheCurrentRound(t *testing.T) {
	t.Parallel()
	places := map[int]bool{}
	for range 200 {
		b := tableWith("a", "b", "c", "d")
		_, _ = b.NextProbe(false)
		b.Joined(nodeNamed("e"), NodeMeta{Generation: genOne}, noon)
		seen := map[string]int{}
		for i := range 4 {
			n, ok := b.NextProbe(false)
			require.True(t, ok)
			seen[n.Name] = i
		}
		require.Len(t, seen, 4)
		require.Contains(t, seen, "e")
		places[seen["e"]] = true
	}
	require.Len(t, places, 4, "any place in the round")
}
