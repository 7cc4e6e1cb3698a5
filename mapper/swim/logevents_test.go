package swim

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func flap(name string, status Status) Event {
	previous := StatusOnline
	if status == StatusOnline {
		previous = StatusSuspect
	}
	return Event{Status: true, Member: Member{Name: name, Status: status, Previous: previous}}
}

func TestStatusChangesAreRateLimited(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newEventLog(slog.New(slog.NewTextHandler(&out, nil)))
	lines := func() int { return strings.Count(out.String(), "\n") }
	for range memberBurst / 2 {
		l.add(flap("a", StatusSuspect), noon)
		l.add(flap("a", StatusOnline), noon)
	}
	require.Equal(t, memberBurst, lines(), "a few changes of a member")
	l.sumUp()
	require.Equal(t, memberBurst, lines(), "there is nothing to sum up")

	for range 1000 {
		l.add(flap("a", StatusOnline), noon)
		l.add(flap("a", StatusSuspect), noon)
	}
	require.Equal(t, memberBurst, lines())
	l.sumUp()
	require.Equal(t, memberBurst+1, lines())
	require.Contains(t, out.String(), `msg="members changed" changes=2000 online=0 suspect=1 offline=0 left=0`)

	l.add(flap("a", StatusOnline), noon.Add(memberEvery))
	require.Equal(t, memberBurst+2, lines(), "later it is logged again")
}

// TestCrowdOfFlappingMembersIsSummedUp has 99 members that are suspect and online
// again five times a second for 40 seconds.
func TestCrowdOfFlappingMembersIsSummedUp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newEventLog(slog.New(slog.NewTextHandler(&out, nil)))
	changes := 0
	for now := noon; now.Before(noon.Add(40 * time.Second)); now = now.Add(100 * time.Millisecond) {
		for i := range 99 {
			status := StatusSuspect
			if changes/99%2 == 1 {
				status = StatusOnline
			}
			l.add(flap(fmt.Sprint("m", i), status), now)
			changes++
		}
		if now.Sub(noon)%sumUpEvery == 0 {
			l.sumUp()
		}
	}
	require.Equal(t, 39_600, changes)
	lines := strings.Count(out.String(), "\n")
	require.LessOrEqual(t, lines, totalBurst+40+5)
	require.GreaterOrEqual(t, lines, totalBurst)
	last := out.String()[strings.LastIndex(out.String()[:out.Len()-1], "members changed"):]
	require.Contains(t, last, "changes=", "the sum comes again and again")
}

func TestReapedMembersAreForgottenByTheLog(t *testing.T) {
	t.Parallel()
	l := newEventLog(slog.New(slog.DiscardHandler))
	l.add(flap("a", StatusSuspect), noon)
	require.Len(t, l.members, 1)
	l.add(Event{Member: Member{Name: "a"}, Reaped: true}, noon)
	require.Empty(t, l.members)
}
