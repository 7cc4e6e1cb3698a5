package members

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	known := NodeMeta{Generation: genOne, Clock: 7, Metadata: map[string][]byte{"k": []byte("v")}}
	until := noon.Add(10 * time.Second)
	b := tableWith("a")
	report := func(name string, status Status) { b.Unconfirmed(nodeNamed(name), status, known, until, noon) }
	report("b", Suspect)
	require.Equal(t, Suspect, b.states["b"].status)
	require.Equal(t, "v", string(b.states["b"].metadata["k"]))
	report("c", Offline)
	require.Equal(t, Offline, b.states["c"].status)
	report("d", Left)
	require.Equal(t, Left, b.states["d"].status)

	report("a", Offline)
	require.Equal(t, Online, b.states["a"].status, "memberlist has contacted it")
	report("me", Offline)
	require.Equal(t, Online, b.states["me"].status)
	report("c", Suspect)
	require.Equal(t, Offline, b.states["c"].status, "a second report does not count")
	for _, name := range []string{"../x", ""} {
		report(name, Suspect)
		require.NotContains(t, b.states, name)
	}
	b.Unconfirmed(nodeNamed("o"), Suspect, NodeMeta{Generation: genOne, Observer: true}, until, noon)
	require.NotContains(t, b.states, "o", "an observer takes no part in placement")
	b.cfg.Limit = len(b.states)
	report("e", Suspect)
	require.NotContains(t, b.states, "e", "no member is reaped to make room")

	require.True(t, b.Answered("b", noon))
	require.Equal(t, Online, b.states["b"].status, "it answers")
	_, ok := b.Missed("b", noon)
	require.True(t, ok)
	require.Equal(t, Suspect, b.states["b"].status, "it does not answer")
	b.ExpireUnconfirmed(until)
	require.Equal(t, Suspect, b.states["b"].status)
	b.ExpireUnconfirmed(until.Add(1))
	require.Equal(t, Offline, b.states["b"].status)
	b.Joined(nodeNamed("b"), known, noon.Add(time.Minute))
	require.Equal(t, Online, b.states["b"].status)
	require.False(t, b.Answered("b", noon), "memberlist has contacted it now")
}
