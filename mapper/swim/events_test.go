package swim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQueueKeepsEveryEventInOrder(t *testing.T) {
	t.Parallel()
	f := newEventQueue()
	for i := range backlog {
		f.push(Event{Member: Member{Name: "a", Clock: uint64(i)}, Metadata: true})
	}
	got := f.drain()
	require.Len(t, got, backlog)
	require.Equal(t, uint64(backlog-1), got[backlog-1].Member.Clock)
	require.Empty(t, f.drain())
}

func TestQueueMergesEventsForASlowConsumer(t *testing.T) {
	t.Parallel()
	f := newEventQueue()
	for i := range 10 * backlog {
		f.push(Event{Member: Member{Name: fmt.Sprint(i % 7), Clock: uint64(i)}, Status: i%2 == 0, Metadata: i%2 == 1})
	}
	got := f.drain()
	require.LessOrEqual(t, len(got), backlog+7)
	newest := map[string]uint64{}
	for _, e := range got {
		newest[e.Member.Name] = e.Member.Clock
	}
	for name, clock := range newest {
		require.GreaterOrEqual(t, clock, uint64(10*backlog-7), "the newest of %s is kept", name)
	}
	last := got[len(got)-1]
	require.True(t, last.Status && last.Metadata, "a merged event says both")
}
