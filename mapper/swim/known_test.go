package swim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"
)

func TestRemindersAreOfWhatEverybodyShouldKnow(t *testing.T) {
	timing := LAN()
	from, to := timing.reminding()
	b := bookWith("a")
	require.Empty(t, b.reminders(timing, noon.Add(from-1)), "gossip is still at work")
	later := noon.Add(from)
	require.Equal(t, []reminder{{"a", version{genOne, 1}}, {"me", version{genOne, 1}}}, b.reminders(timing, later))
	b.joined(nodeNamed("b"), face{generation: genOne, clock: 7}, later)
	require.Len(t, b.reminders(timing, noon.Add(to)), 3)
	require.Equal(t, []reminder{{"b", version{genOne, 7}}}, b.reminders(timing, noon.Add(to+1)), "the others were repeated for long enough")
	b.gone("b", later)
	require.Empty(t, b.reminders(timing, noon.Add(to+1)), "who is gone is no news to spread")
	require.Empty(t, b.reminders(timing, noon.Add(time.Hour)), "after a quiet time there are none")
}

func TestRemindersAreBounded(t *testing.T) {
	timing := LAN()
	from, _ := timing.reminding()
	b := bookWith()
	for i := range 100 {
		b.joined(nodeNamed(fmt.Sprint("m", i)), face{generation: genOne, clock: 1}, noon.Add(time.Duration(i)))
	}
	due := b.reminders(timing, noon.Add(from+time.Second))
	require.Len(t, due, maxReminders)
	require.Equal(t, "m99", due[0].name, "the latest counts")
	for i := range 5 {
		b.joined(nodeNamed(strings.Repeat("x", 250)+fmt.Sprint(i)), face{generation: genOne, clock: 1}, noon.Add(time.Second))
	}
	m := message{kind: kindKnown, name: "me", reminders: b.reminders(timing, noon.Add(from+time.Second))}
	require.Less(t, len(m.encode()), 700)
}

func TestWhatIsLacking(t *testing.T) {
	b := bookWith("a")
	for _, c := range []struct {
		about reminder
		want  bool
		why   string
	}{
		{reminder{"a", version{genOne, 1}}, false, "known"},
		{reminder{"a", version{genOne, 2}}, true, "changed since"},
		{reminder{"a", version{genTwo, 1}}, true, "started again since"},
		{reminder{"a", version{genOne - 1, 9}}, false, "of the life before"},
		{reminder{"b", version{genOne, 1}}, true, "a member unheard of"},
		{reminder{"me", version{genTwo, 9}}, false, "nobody knows better who this is"},
	} {
		require.Equal(t, c.want, b.lacks([]reminder{{"a", version{genOne, 1}}, c.about}), c.why)
	}
}

// settledLab joins members that make no exchange but those of this package,
// and waits until nothing is recent.
func settledLab(l *lab, n int) []*Cluster {
	var all []*Cluster
	for i := range n {
		cfg := l.config(i)
		cfg.Tune = func(c *memberlist.Config) { c.PushPullInterval = 0 }
		all = append(all, l.join(cfg))
	}
	l.within("all see all", func() bool { return sees(all, StatusOnline, n) })
	time.Sleep(30 * time.Second)
	return all
}

func TestSettledClusterExchangesNothing(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		settledLab(l, 12)
		before := l.net.Streams("")
		time.Sleep(2 * time.Minute)
		require.Equal(t, before, l.net.Streams(""), "without loss or news no stream is opened")
	})
}

// TestWhoMissedAChangeIsReminded cuts a member off while a change is gossiped,
// which is no chance, and has no other exchange to repair it.
func TestWhoMissedAChangeIsReminded(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := settledLab(l, 8)
		deaf := all[5].cfg.Name
		l.net.SetCut(func(_, to string) bool { return to == deaf })
		require.NoError(t, all[1].SetMetadata(map[string][]byte{"k": []byte("v")}))
		time.Sleep(1500 * time.Millisecond)
		l.net.SetCut(nil)
		require.Empty(t, all[5].metadataOf(all[1].cfg.Name))
		took := l.within("repaired", func() bool { return string(all[5].metadataOf(all[1].cfg.Name)["k"]) == "v" })
		t.Log("repaired after", took)
	})
}

// TestLastingDifferencesAreNotExchangedForever has a member that may hold no
// more, so that every reminder of the newcomer finds it lacking.
func TestLastingDifferencesAreNotExchangedForever(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := settledLab(l, 8)
		full := all[5]
		full.mu.Lock()
		full.book.limit = 8
		full.mu.Unlock()
		before := l.net.Streams(full.cfg.Name)
		l.join(l.config(8))
		time.Sleep(2 * time.Minute)
		require.NotContains(t, full.book.cards, address(8))
		// The pauses double from at least half of Settle, and the reminders end
		// 10 seconds after the last member heard of the newcomer.
		require.LessOrEqual(t, l.net.Streams(full.cfg.Name)-before, 8)
	})
}
