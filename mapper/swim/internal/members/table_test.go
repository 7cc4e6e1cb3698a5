package members

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	genOne = 1000
	genTwo = 2000
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func nodeNamed(name string) Node {
	return Node{Name: name, Addr: netip.MustParseAddrPort("10.0.0.9:1")}
}

func announcing(generation uint64) NodeMeta {
	return NodeMeta{Generation: generation, Clock: 1, Metadata: map[string][]byte{}}
}

func newTable(name string, meta NodeMeta) *Table {
	return New(Config{
		Name: name, Meta: meta,
		DigestWindow: Window{From: time.Second, To: 8 * time.Second}, Refetch: time.Second,
		ReapOffline: 24 * time.Hour, ReapLeft: 10 * time.Minute,
	}, noon)
}

// tableWith returns the table of the member "me", which knows the named ones.
func tableWith(names ...string) *Table {
	b := newTable("me", announcing(genOne))
	for _, n := range names {
		b.Joined(nodeNamed(n), announcing(genOne), noon)
	}
	b.Take()
	return b
}

func about(k Kind, incarnation uint64) Message {
	return Message{Kind: k, Name: "a", Life: Life{genOne, 0, incarnation}}
}

// TestEvidence applies evidence about one member and expects the statuses that
// it passes through, without the one at the start.
func TestEvidence(t *testing.T) {
	t.Parallel()
	type b = Table
	suspect := func(incarnation uint64) func(*b) {
		return func(b *Table) { b.suspect(about(KindSuspect, incarnation), noon) }
	}
	alive := func(incarnation uint64) func(*b) {
		return func(b *Table) { b.alive(about(KindAlive, incarnation), noon) }
	}
	bye := func(incarnation uint64) func(*b) {
		return func(b *Table) { b.leave(about(KindLeave, incarnation), noon) }
	}
	gone := func(b *Table) { b.Gone("a", noon) }
	missed := func(b *Table) { b.Missed("a", noon) }
	seen := func(b *Table) { b.Answered("a", noon) }
	up := func(generation uint64) func(*b) {
		return func(b *Table) {
			b.Joined(nodeNamed("a"), announcing(generation), noon)
		}
	}
	cases := []struct {
		name    string
		story   []func(*b)
		want    []Status
		because string
	}{
		{"missed", []func(*b){missed}, []Status{Suspect}, "a miss is a suspicion"},
		{"missed twice", []func(*b){missed, missed}, []Status{Suspect}, "the second is no news"},
		{"suspected by another", []func(*b){suspect(1)}, []Status{Suspect}, "so is a miss of another member"},
		{"refuted", []func(*b){suspect(1), alive(2)}, []Status{Suspect, Online}, "it claims a greater incarnation"},
		{"refuted in advance", []func(*b){alive(2), suspect(1)}, nil, "the suspicion is older"},
		{"suspected again", []func(*b){suspect(1), alive(2), suspect(2)}, []Status{Suspect, Online, Suspect}, "in its new incarnation"},
		{"answered", []func(*b){suspect(1), seen}, []Status{Suspect, Online}, "this member knows better"},
		{"suspected again after it answered", []func(*b){suspect(1), seen, suspect(1)}, []Status{Suspect, Online}, "the same suspicion is gossiped again"},
		{"missed after it answered", []func(*b){suspect(1), seen, missed}, []Status{Suspect, Online, Suspect}, "a miss of its own counts"},
		{"an old answer", []func(*b){missed, alive(1)}, []Status{Suspect}, "that incarnation is the suspected one"},
		{"failed", []func(*b){suspect(1), gone}, []Status{Suspect, Offline}, "the cluster agreed"},
		{"failed at once", []func(*b){gone}, []Status{Suspect, Offline}, "a member is suspect before it is offline"},
		{"suspected offline", []func(*b){gone, suspect(1)}, []Status{Suspect, Offline}, "that is no news"},
		{"missed offline", []func(*b){gone, missed}, []Status{Suspect, Offline}, "nor is that"},
		{"back", []func(*b){gone, up(genOne)}, []Status{Suspect, Offline, Online}, "a partition healed"},
		{"back after a suspicion", []func(*b){suspect(1), gone, up(genOne)}, []Status{Suspect, Offline, Online}, "memberlist accepts a dead node only after a refutation"},
		{"back, and the old suspicion comes late", []func(*b){suspect(1), gone, up(genOne), suspect(1)}, []Status{Suspect, Offline, Online}, "it is the one that was refuted"},
		{"back, and missed again", []func(*b){missed, gone, up(genOne), missed}, []Status{Suspect, Offline, Online, Suspect}, "that is news"},
		{"missed, then new node meta", []func(*b){missed, up(genOne)}, []Status{Suspect}, "new metadata does not refute"},
		{"left", []func(*b){bye(1), gone}, []Status{Left}, "it said so"},
		{"the leave message comes late", []func(*b){gone, bye(1)}, []Status{Suspect, Offline, Left}, "it still counts"},
		{"left and up", []func(*b){bye(1), up(genOne)}, []Status{Left}, "memberlist learns it later"},
		{"a forged leave message", []func(*b){bye(1), alive(2)}, []Status{Left, Online}, "it did not leave"},
		{"a leave message of an older incarnation", []func(*b){alive(3), bye(2)}, nil, "it is refuted"},
		{"restart", []func(*b){suspect(1), up(genTwo)}, []Status{Suspect, Online}, "a new process is not suspect"},
		{"restart after leaving", []func(*b){bye(1), gone, up(genTwo)}, []Status{Left, Online}, "it did not leave"},
		{"a suspicion of the earlier process", []func(*b){up(genTwo), suspect(9)}, nil, "it is about another process"},
		{"a counter that leaps", []func(*b){suspect(1 << 60), alive(1 << 60)}, nil, "no message moves a counter that far"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := tableWith("a")
			for _, step := range c.story {
				step(b)
			}
			var got []Status
			for _, e := range b.Take() {
				if e.Status {
					got = append(got, e.Member.Status)
				}
			}
			require.Equal(t, c.want, got, c.because)
		})
	}
}

func TestPathBetweenStatuses(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Status{Suspect, Offline}, path(Online, Offline))
	require.Empty(t, path(Offline, Suspect))
	require.Empty(t, path(Left, Left))
	require.Equal(t, []Status{Online}, path(0, Online))
	require.Equal(t, []Status{Left}, path(Offline, Left))
}

func TestLocalMemberRefutesFalseClaims(t *testing.T) {
	t.Parallel()
	b := tableWith()
	for _, claim := range []func(Message, time.Time) (Message, bool){b.suspect, b.leave} {
		now := b.local().life.Incarnation
		reply, ok := claim(Message{Kind: KindSuspect, Name: "me", Life: Life{genOne, 0, now + 5}}, noon)
		require.True(t, ok)
		require.Equal(t, Message{Kind: KindAlive, Name: "me", Life: Life{genOne, 0, now + 6}}, reply)
		require.Equal(t, Online, b.local().status)
	}
	_, ok := b.suspect(Message{Name: "me", Life: Life{genOne, 0, 1 << 40}}, noon)
	require.False(t, ok, "a leap is ignored, or the incarnations could be used up")
}

func TestLeavingMemberRefutesNothing(t *testing.T) {
	t.Parallel()
	b := tableWith()
	left := b.Leave(noon)
	_, ok := b.leave(left, noon)
	require.False(t, ok, "its own leave message comes back by gossip")
	require.Equal(t, Left, b.local().status)
}

func TestMetadataVersions(t *testing.T) {
	t.Parallel()
	b := tableWith()
	show := func(generation, clock uint64, value string) {
		b.Joined(nodeNamed("a"), NodeMeta{Generation: generation, Clock: clock, Metadata: map[string][]byte{"k": []byte(value)}}, noon)
	}
	value := func() string { return string(b.states["a"].metadata["k"]) }
	show(genOne, 5, "five")
	require.Equal(t, "five", value())
	show(genOne, 4, "four")
	require.Equal(t, "five", value(), "older news arrives late")
	show(genTwo, 1, "restarted")
	require.Equal(t, "restarted", value(), "a restart counts more than any clock")
	show(genOne, 9, "nine")
	require.Equal(t, "restarted", value())
	b.SetMetadata(map[string][]byte{"x": {1}}, noon)
	changed := b.local().held
	require.Greater(t, changed.Clock, uint64(5), "a change has a greater clock than any seen")
	b.SetMetadata(map[string][]byte{"x": {1}}, noon)
	require.Equal(t, changed, b.local().held, "the same metadata is not a change")
}

func TestLargeMetadataIsRequestedAndChecked(t *testing.T) {
	t.Parallel()
	b := tableWith()
	m := map[string][]byte{"k": []byte("large")}
	b.Joined(nodeNamed("a"), NodeMeta{Generation: genOne, Clock: 7, Digest: digestOf(appendMetadata(nil, m))}, noon)
	require.Equal(t, []Request{{Message{Kind: KindFetch, Name: "a", Version: Version{genOne, 7}, From: "me"}, 1}}, b.Requests(noon))
	require.Empty(t, b.Requests(noon), "it was just requested")
	require.Equal(t, 2, b.Requests(noon.Add(time.Second))[0].Attempt)
	data := Message{Kind: KindData, Name: "a", Version: Version{genOne, 7}, Metadata: map[string][]byte{"k": []byte("other")}}
	require.False(t, b.data(data), "it is not what was announced")
	data.Metadata = m
	require.True(t, b.data(data))
	require.False(t, b.data(data), "it is held already")
	require.Empty(t, b.Requests(noon.Add(time.Hour)))
}

func TestReap(t *testing.T) {
	t.Parallel()
	b := tableWith("a", "b", "c")
	b.Gone("a", noon)
	b.leave(Message{Name: "b", Life: Life{genOne, 0, 1}}, noon)
	b.Gone("b", noon)
	b.Reap(noon.Add(b.cfg.ReapLeft + time.Second))
	require.NotContains(t, b.states, "b")
	require.Contains(t, b.states, "a", "a failed member stays known for longer")
	b.Reap(noon.Add(b.cfg.ReapOffline + time.Second))
	require.NotContains(t, b.states, "a")
	require.Contains(t, b.states, "c")
	require.Contains(t, b.states, "me")
}

func TestMembersAreBounded(t *testing.T) {
	t.Parallel()
	b := tableWith("a", "b")
	b.cfg.Limit = 3
	require.NoError(t, b.Admit("a"), "a known member")
	require.Error(t, b.Admit("d"))
	b.Gone("b", noon)
	require.NoError(t, b.Admit("d"), "one that is offline makes room")
	require.NotContains(t, b.states, "b")
	require.Error(t, b.Admit("../d"))
}

func TestProcessTakesTheGenerationAfterAnotherOne(t *testing.T) {
	t.Parallel()
	const mine, other = 7, 8
	for _, c := range []struct {
		claimed Life
		clock   uint64
		want    uint64
		why     string
	}{
		{Life{genOne, mine, 9}, 1, genOne, "its own metadata comes back"},
		{Life{genOne, mine, 9}, 2, genOne + 1, "metadata that it never announced"},
		{Life{genOne - 1, other, 9}, 9, genOne, "an earlier process"},
		{Life{genOne, other, 1}, 1, genOne + 1, "a process that started with the same generation"},
		{Life{genTwo, other, 1}, 1, genTwo + 1, "the process before a restart"},
		{Life{genTwo, mine, 1}, 1, genTwo + 1, "a forged generation"},
		{Life{MaxGeneration, other, 1}, 1, genOne, "no generation is left after it"},
	} {
		b := newTable("me", NodeMeta{Generation: genOne, Instance: mine, Clock: 1})
		b.supersede(c.claimed, c.clock, noon)
		require.Equal(t, c.want, b.NodeMeta().Generation, c.why)
		require.Equal(t, c.want != genOne, b.TakeUnpublished(), c.why)
		require.Equal(t, c.want != genOne, len(b.Take()) == 1, c.why)
	}
}

// TestEveryClaimRevealsAnEarlierProcess has a member that started again learn of
// the process before it from each kind of claim.
func TestEveryClaimRevealsAnEarlierProcess(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{KindAlive, KindSuspect, KindLeave} {
		b := newTable("me", NodeMeta{Generation: genOne, Instance: 7, Clock: 1})
		reply, news := b.claim(Message{Kind: k, Name: "me", Life: Life{genOne, 8, 3}}, noon)
		require.False(t, news, reply)
		require.Equal(t, uint64(genOne+1), b.NodeMeta().Generation)
		require.Equal(t, Online, b.local().status)
	}
}

// TestOneOfTwoRunningProcessesYields has two processes claim generations in turn,
// from an equal start or with one ahead, and in each order.
func TestOneOfTwoRunningProcessesYields(t *testing.T) {
	t.Parallel()
	for _, first := range []uint64{1, 5} {
		for _, turns := range []string{"ab", "ba", "both"} {
			a := newTable("me", NodeMeta{Generation: first, Instance: 7, Clock: 1})
			b := newTable("me", NodeMeta{Generation: 1, Instance: 8, Clock: 1})
			for range 20 {
				toA, toB := b.NodeMeta(), a.NodeMeta()
				switch turns {
				case "ab":
					a.Supersede(toA, noon)
					b.Supersede(a.NodeMeta(), noon)
				case "ba":
					b.Supersede(toB, noon)
					a.Supersede(b.NodeMeta(), noon)
				case "both":
					a.Supersede(toA, noon)
					b.Supersede(toB, noon)
				}
				if a.NameTaken() || b.NameTaken() {
					break
				}
			}
			require.NotEqual(t, a.NameTaken(), b.NameTaken(), "%d %s", first, turns)
		}
	}
}

// TestEarlierProcessesNeverTakeTheName has a member learn of the generations of
// many processes before it, and of two of the last one.
func TestEarlierProcessesNeverTakeTheName(t *testing.T) {
	t.Parallel()
	b := newTable("me", NodeMeta{Generation: 1, Instance: 1, Clock: 1})
	for old := range uint64(100) {
		b.Supersede(NodeMeta{Generation: old, Instance: 1000 + old}, noon)
	}
	b.Supersede(NodeMeta{Generation: 500, Instance: 2000}, noon)
	b.Supersede(NodeMeta{Generation: 501, Instance: 2000}, noon)
	for range 10 {
		b.Supersede(NodeMeta{Generation: 501, Instance: 2000}, noon)
	}
	require.False(t, b.NameTaken())
	require.Equal(t, uint64(502), b.NodeMeta().Generation)
}

func TestClaimsAboutAnEarlierProcessAreVoid(t *testing.T) {
	t.Parallel()
	b := tableWith()
	show := func(generation, instance uint64, value string) {
		b.Joined(nodeNamed("a"), NodeMeta{Generation: generation, Instance: instance, Clock: 1, Metadata: map[string][]byte{"k": []byte(value)}}, noon)
	}
	show(1, 7, "first")
	show(1, 8, "second")
	require.Equal(t, "first", string(b.states["a"].metadata["k"]), "the second process has not learned of the first yet")
	show(2, 8, "second")
	require.Equal(t, "second", string(b.states["a"].metadata["k"]))
	require.Equal(t, uint64(2), b.states["a"].member().Generation)
	events := b.Take()
	require.True(t, slices.ContainsFunc(events, func(e Event) bool { return e.Restarted && e.Member.Generation == 2 }))
	for _, old := range []Life{{1, 7, 1}, {2, 7, 1}} {
		for _, k := range []Kind{KindAlive, KindSuspect, KindLeave} {
			_, news := b.claim(Message{Kind: k, Name: "a", Life: old}, noon)
			require.False(t, news)
		}
	}
	require.Equal(t, Online, b.states["a"].status)
	_, news := b.claim(Message{Kind: KindSuspect, Name: "a", Life: Life{2, 8, 1}}, noon)
	require.True(t, news, "this one is about the process that runs")
}

func TestSummaryCarriesWhatGossipLost(t *testing.T) {
	t.Parallel()
	from := tableWith("a", "b", "c")
	from.suspect(about(KindSuspect, 1), noon)
	from.leave(Message{Name: "b", Life: Life{genOne, 0, 1}}, noon)
	from.alive(Message{Name: "c", Life: Life{genOne, 0, 8}}, noon)
	to := tableWith("a", "b", "c")
	for _, m := range readSummary(from.Summary()) {
		to.claim(m, noon)
	}
	require.Equal(t, Suspect, to.states["a"].status)
	require.Equal(t, Left, to.states["b"].status)
	require.Equal(t, uint64(8), to.states["c"].life.Incarnation)
}

// TestMemberThatBecomesAnObserverIsAnEvent restarts a member as an observer, which
// changes neither its status nor its metadata.
func TestMemberThatBecomesAnObserverIsAnEvent(t *testing.T) {
	t.Parallel()
	b := tableWith("a")
	b.Joined(nodeNamed("a"), NodeMeta{Generation: genTwo, Clock: 1, Observer: true, Metadata: map[string][]byte{}}, noon)
	events := b.Take()
	require.Len(t, events, 1)
	require.True(t, events[0].Member.Observer)
}

func TestMemberThatIsUpIsNotReaped(t *testing.T) {
	t.Parallel()
	b := tableWith("a")
	b.leave(about(KindLeave, 1), noon)
	b.cfg.Limit = 2
	require.Error(t, b.Admit("b"), "memberlist would not announce it again")
	b.Reap(noon.Add(48 * time.Hour))
	require.Contains(t, b.states, "a")
	b.Gone("a", noon)
	require.NoError(t, b.Admit("b"))
}

// TestMemberHasTheLastWordAboutItself lets others make any claim about a member,
// up to the greatest counters. What the member then announces must count more. A
// generation is the one counter that a claim can use up.
func TestMemberHasTheLastWordAboutItself(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	counter := func(most uint64) uint64 {
		switch draw.IntN(4) {
		case 0:
			return draw.Uint64N(most) + 1
		case 1:
			return most - draw.Uint64N(3)
		default:
			return draw.Uint64N(10) + 1
		}
	}
	for range 2000 {
		me := tableWith()
		other := newTable("other", announcing(genOne))
		other.Joined(nodeNamed("me"), me.NodeMeta(), noon)
		for range draw.IntN(20) {
			m := Message{Name: "me", Life: Life{me.local().life.Generation + draw.Uint64N(2), draw.Uint64N(2), counter(maxClock)}}
			switch draw.IntN(4) {
			case 0:
				m.Kind = KindSuspect
			case 1:
				m.Kind = KindLeave
			case 2:
				m.Kind = KindAlive
			case 3: // another process announces metadata in its name
				f := NodeMeta{Generation: m.Life.Generation + draw.Uint64N(1<<40), Clock: counter(maxClock), Metadata: map[string][]byte{"forged": {1}}}
				other.Joined(nodeNamed("me"), f, noon)
				me.supersede(f.life(), f.Clock, noon)
				continue
			}
			other.claim(m, noon)
			if reply, news := me.claim(m, noon); news {
				other.claim(reply, noon)
			}
		}
		me.SetMetadata(map[string][]byte{"k": {byte(draw.Uint32()), 1}}, noon)
		shown, err := DecodeNodeMeta(me.NodeMeta().Encode(512))
		require.NoError(t, err)
		other.Joined(nodeNamed("me"), shown, noon)
		require.Equal(t, me.local().metadata, other.states["me"].metadata)
		require.Equal(t, Online, other.states["me"].status)
	}
}
