package members

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDigestHoldsWhatEveryMemberShouldKnow(t *testing.T) {
	t.Parallel()
	b := tableWith("a")
	from, to := b.cfg.DigestWindow.From, b.cfg.DigestWindow.To
	require.Empty(t, b.changes(noon.Add(from-1)), "gossip still spreads it")
	later := noon.Add(from)
	require.Equal(t, []Change{{"a", Version{genOne, 1}}, {"me", Version{genOne, 1}}}, b.changes(later))
	b.Joined(nodeNamed("b"), NodeMeta{Generation: genOne, Clock: 7}, later)
	require.Len(t, b.changes(noon.Add(to)), 3)
	require.Equal(t, []Change{{"b", Version{genOne, 7}}}, b.changes(noon.Add(to+1)), "the other changes were repeated often enough")
	b.Gone("b", later)
	require.Empty(t, b.changes(noon.Add(to+1)), "a member that is gone")
	require.Empty(t, b.changes(noon.Add(time.Hour)), "after a quiet time")
}

func TestDigestIsBounded(t *testing.T) {
	t.Parallel()
	b := tableWith()
	for i := range 100 {
		b.Joined(nodeNamed(fmt.Sprint("m", i)), NodeMeta{Generation: genOne, Clock: 1}, noon.Add(time.Duration(i)))
	}
	due := b.changes(noon.Add(b.cfg.DigestWindow.From + time.Second))
	require.Len(t, due, maxChanges)
	require.Equal(t, "m99", due[0].Name, "the latest change comes first")
	for i := range 5 {
		b.Joined(nodeNamed(strings.Repeat("x", 250)+fmt.Sprint(i)), NodeMeta{Generation: genOne, Clock: 1}, noon.Add(time.Second))
	}
	m := Message{Kind: KindDigest, Name: "me", Changes: b.changes(noon.Add(b.cfg.DigestWindow.From + time.Second))}
	require.Less(t, len(m.Encode()), 700)
}

func TestBehind(t *testing.T) {
	t.Parallel()
	b := tableWith("a")
	for _, c := range []struct {
		change Change
		want   bool
		why    string
	}{
		{Change{"a", Version{genOne, 1}}, false, "known"},
		{Change{"a", Version{genOne, 2}}, true, "changed since"},
		{Change{"a", Version{genTwo, 1}}, true, "started again since"},
		{Change{"a", Version{genOne - 1, 9}}, false, "of an earlier process"},
		{Change{"b", Version{genOne, 1}}, true, "an unknown member"},
		{Change{"me", Version{genTwo, 9}}, false, "the local member knows itself best"},
	} {
		require.Equal(t, c.want, b.Behind([]Change{{"a", Version{genOne, 1}}, c.change}), c.why)
	}
}
