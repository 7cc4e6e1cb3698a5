package swim

import (
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"
)

const (
	genOne = 1000
	genTwo = 2000
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func nodeNamed(name string) memberlist.Node {
	return memberlist.Node{Name: name, Addr: net.IPv4(10, 0, 0, 9), Port: 1}
}

func bookWith(names ...string) *book {
	b := newBook("me", face{generation: genOne, clock: 1, metadata: map[string][]byte{}}, noon)
	for _, n := range names {
		b.joined(nodeNamed(n), face{generation: genOne, clock: 1, metadata: map[string][]byte{}}, noon)
	}
	b.take()
	return b
}

func said(k kind, beat uint64) message {
	return message{kind: k, name: "a", life: life{genOne, 0, beat}}
}

// TestEvidence tells stories about one member and expects the statuses that
// it is shown in, the one at the start left out.
func TestEvidence(t *testing.T) {
	type b = book
	suspect := func(beat uint64) func(*b) {
		return func(b *book) { b.suspicion(said(kindSuspect, beat), noon) }
	}
	alive := func(beat uint64) func(*b) {
		return func(b *book) { b.alive(said(kindAlive, beat), noon) }
	}
	bye := func(beat uint64) func(*b) {
		return func(b *book) { b.goodbye(said(kindLeave, beat), noon) }
	}
	gone := func(b *book) { b.gone("a", noon) }
	missed := func(b *book) { b.missed("a", noon) }
	seen := func(b *book) { b.seen("a", noon) }
	up := func(boot uint64) func(*b) {
		return func(b *book) {
			b.joined(nodeNamed("a"), face{generation: boot, clock: 1, metadata: map[string][]byte{}}, noon)
		}
	}
	cases := []struct {
		name    string
		story   []func(*b)
		want    []Status
		because string
	}{
		{"missed", []func(*b){missed}, []Status{StatusSuspect}, "a miss is a suspicion"},
		{"missed twice", []func(*b){missed, missed}, []Status{StatusSuspect}, "the second is no news"},
		{"told", []func(*b){suspect(1)}, []Status{StatusSuspect}, "so is somebody else's"},
		{"refuted", []func(*b){suspect(1), alive(2)}, []Status{StatusSuspect, StatusOnline}, "the member lives on"},
		{"refuted in advance", []func(*b){alive(2), suspect(1)}, nil, "the suspicion is older"},
		{"suspected again", []func(*b){suspect(1), alive(2), suspect(2)}, []Status{StatusSuspect, StatusOnline, StatusSuspect}, "of its newer life"},
		{"seen", []func(*b){suspect(1), seen}, []Status{StatusSuspect, StatusOnline}, "this member knows better"},
		{"told again after seen", []func(*b){suspect(1), seen, suspect(1)}, []Status{StatusSuspect, StatusOnline}, "the same suspicion comes around"},
		{"missed after seen", []func(*b){suspect(1), seen, missed}, []Status{StatusSuspect, StatusOnline, StatusSuspect}, "a miss of its own counts"},
		{"an old answer", []func(*b){missed, alive(1)}, []Status{StatusSuspect}, "that beat is the suspected one"},
		{"failed", []func(*b){suspect(1), gone}, []Status{StatusSuspect, StatusOffline}, "the cluster agreed"},
		{"failed at once", []func(*b){gone}, []Status{StatusSuspect, StatusOffline}, "nobody is offline who was not suspect"},
		{"suspected offline", []func(*b){gone, suspect(1)}, []Status{StatusSuspect, StatusOffline}, "that is no news"},
		{"missed offline", []func(*b){gone, missed}, []Status{StatusSuspect, StatusOffline}, "nor is that"},
		{"back", []func(*b){gone, up(genOne)}, []Status{StatusSuspect, StatusOffline, StatusOnline}, "a partition healed"},
		{"back after a suspicion", []func(*b){suspect(1), gone, up(genOne)}, []Status{StatusSuspect, StatusOffline, StatusOnline}, "the engine takes nobody back who did not refute"},
		{"back, and the old suspicion comes late", []func(*b){suspect(1), gone, up(genOne), suspect(1)}, []Status{StatusSuspect, StatusOffline, StatusOnline}, "it is the one that was refuted"},
		{"back, and missed again", []func(*b){missed, gone, up(genOne), missed}, []Status{StatusSuspect, StatusOffline, StatusOnline, StatusSuspect}, "that is news"},
		{"missed, shown anew", []func(*b){missed, up(genOne)}, []Status{StatusSuspect}, "new metadata does not refute"},
		{"left", []func(*b){bye(1), gone}, []Status{StatusLeft}, "it said so"},
		{"left, heard late", []func(*b){gone, bye(1)}, []Status{StatusSuspect, StatusOffline, StatusLeft}, "better late than never"},
		{"left and up", []func(*b){bye(1), up(genOne)}, []Status{StatusLeft}, "the engine is behind"},
		{"goodbye forged", []func(*b){bye(1), alive(2)}, []Status{StatusLeft, StatusOnline}, "it did not leave"},
		{"goodbye of an older life", []func(*b){alive(3), bye(2)}, nil, "it is refuted"},
		{"restart", []func(*b){suspect(1), up(genTwo)}, []Status{StatusSuspect, StatusOnline}, "a new process is not suspect"},
		{"restart after leaving", []func(*b){bye(1), gone, up(genTwo)}, []Status{StatusLeft, StatusOnline}, "nor did it leave"},
		{"suspicion of the life before", []func(*b){up(genTwo), suspect(9)}, nil, "it is about another process"},
		{"a leap", []func(*b){suspect(1 << 60), alive(1 << 60)}, nil, "no counter is moved that far"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := bookWith("a")
			for _, step := range c.story {
				step(b)
			}
			var got []Status
			for _, e := range b.take() {
				if e.Status {
					got = append(got, e.Member.Status)
				}
			}
			require.Equal(t, c.want, got, c.because)
		})
	}
}

func TestRoute(t *testing.T) {
	require.Equal(t, []Status{StatusSuspect, StatusOffline}, route(StatusOnline, StatusOffline))
	require.Empty(t, route(StatusOffline, StatusSuspect))
	require.Empty(t, route(StatusLeft, StatusLeft))
	require.Equal(t, []Status{StatusOnline}, route(0, StatusOnline))
	require.Equal(t, []Status{StatusLeft}, route(StatusOffline, StatusLeft))
}

func TestSelfAlwaysRefutes(t *testing.T) {
	b := bookWith()
	for _, accuse := range []func(message, time.Time) (message, bool){b.suspicion, b.goodbye} {
		beat := b.me().life.incarnation
		reply, ok := accuse(message{kind: kindSuspect, name: "me", life: life{genOne, 0, beat + 5}}, noon)
		require.True(t, ok)
		require.Equal(t, message{kind: kindAlive, name: "me", life: life{genOne, 0, beat + 6}}, reply)
		require.Equal(t, StatusOnline, b.me().status)
	}
	_, ok := b.suspicion(message{name: "me", life: life{genOne, 0, 1 << 40}}, noon)
	require.False(t, ok, "a leap is ignored, or the beat could be used up")
}

func TestNobodyRefutesAfterSayingGoodbye(t *testing.T) {
	b := bookWith()
	bye := b.part(noon)
	_, ok := b.goodbye(bye, noon)
	require.False(t, ok, "its own goodbye comes back by gossip")
	require.Equal(t, StatusLeft, b.me().status)
}

func TestMetadataVersions(t *testing.T) {
	b := bookWith()
	show := func(boot, clock uint64, value string) {
		b.joined(nodeNamed("a"), face{generation: boot, clock: clock, metadata: map[string][]byte{"k": []byte(value)}}, noon)
	}
	value := func() string { return string(b.cards["a"].metadata["k"]) }
	show(genOne, 5, "five")
	require.Equal(t, "five", value())
	show(genOne, 4, "four")
	require.Equal(t, "five", value(), "older news arrives late")
	show(genTwo, 1, "restarted")
	require.Equal(t, "restarted", value(), "a restart counts more than any clock")
	show(genOne, 9, "nine")
	require.Equal(t, "restarted", value())
	require.True(t, b.change(map[string][]byte{"x": {1}}, noon))
	require.Greater(t, b.me().held.clock, uint64(5), "a change has a greater clock than any seen")
	require.False(t, b.change(map[string][]byte{"x": {1}}, noon), "the same again is no change")
}

func TestLargeMetadataIsAskedForAndChecked(t *testing.T) {
	b := bookWith()
	m := map[string][]byte{"k": []byte("large")}
	b.joined(nodeNamed("a"), face{generation: genOne, clock: 7, digest: digest(appendMetadata(nil, m))}, noon)
	require.Equal(t, []request{{"a", version{genOne, 7}, 1}}, b.wanted(time.Second, noon))
	require.Empty(t, b.wanted(time.Second, noon), "it was just asked for")
	require.Equal(t, 2, b.wanted(time.Second, noon.Add(time.Second))[0].attempt)
	data := message{kind: kindData, name: "a", life: life{generation: genOne}, clock: 7, metadata: map[string][]byte{"k": []byte("other")}}
	require.False(t, b.received(data), "it is not what was announced")
	data.metadata = m
	require.True(t, b.received(data))
	require.False(t, b.received(data), "twice is once")
	require.Empty(t, b.wanted(time.Second, noon.Add(time.Hour)))
}

func TestForget(t *testing.T) {
	b := bookWith("a", "b", "c")
	b.gone("a", noon)
	b.goodbye(message{name: "b", life: life{genOne, 0, 1}}, noon)
	b.gone("b", noon)
	timing := LAN()
	b.forget(timing, noon.Add(timing.ForgetLeft+time.Second))
	require.NotContains(t, b.cards, "b")
	require.Contains(t, b.cards, "a", "who failed is remembered longer")
	b.forget(timing, noon.Add(timing.Forget+time.Second))
	require.NotContains(t, b.cards, "a")
	require.Contains(t, b.cards, "c")
	require.Contains(t, b.cards, "me")
}

func TestMembersAreBounded(t *testing.T) {
	b := bookWith("a", "b")
	b.limit = 3
	require.NoError(t, b.admit("a"), "known ones are let in")
	require.Error(t, b.admit("d"))
	b.gone("b", noon)
	require.NoError(t, b.admit("d"), "one that is offline makes room")
	require.NotContains(t, b.cards, "b")
	require.Error(t, b.admit("../d"))
}

func TestProcessTakesTheGenerationAfterAnotherOne(t *testing.T) {
	const mine, other = 7, 8
	for _, c := range []struct {
		claimed life
		clock   uint64
		want    uint64
		why     string
	}{
		{life{genOne, mine, 9}, 1, genOne, "its own metadata comes back"},
		{life{genOne, mine, 9}, 2, genOne + 1, "metadata that it never announced"},
		{life{genOne - 1, other, 9}, 9, genOne, "an earlier process"},
		{life{genOne, other, 1}, 1, genOne + 1, "a process that started with the same generation"},
		{life{genTwo, other, 1}, 1, genTwo + 1, "the process before a restart"},
		{life{genTwo, mine, 1}, 1, genTwo + 1, "a forged generation"},
		{life{maxGeneration, other, 1}, 1, genOne, "no generation is left after it"},
	} {
		b := newBook("me", face{generation: genOne, instance: mine, clock: 1}, noon)
		b.supersede(c.claimed, c.clock, noon)
		require.Equal(t, c.want, b.face().generation, c.why)
		require.Equal(t, c.want != genOne, b.unshown, c.why)
		require.Equal(t, c.want != genOne, len(b.take()) == 1, c.why)
	}
}

// TestEveryMessageTellsOfAnEarlierProcess lets a member that started again
// learn of the process before from each kind of message that names it.
func TestEveryMessageTellsOfAnEarlierProcess(t *testing.T) {
	for _, k := range []kind{kindAlive, kindSuspect, kindLeave} {
		b := newBook("me", face{generation: genOne, instance: 7, clock: 1}, noon)
		reply, news := b.hear(message{kind: k, name: "me", life: life{genOne, 8, 3}}, noon)
		require.False(t, news, reply)
		require.Equal(t, uint64(genOne+1), b.face().generation)
		require.Equal(t, StatusOnline, b.me().status)
	}
}

func TestClaimsAboutAnEarlierProcessAreVoid(t *testing.T) {
	b := bookWith()
	show := func(generation, instance uint64, value string) {
		b.joined(nodeNamed("a"), face{generation: generation, instance: instance, clock: 1, metadata: map[string][]byte{"k": []byte(value)}}, noon)
	}
	show(1, 7, "first")
	show(1, 8, "second")
	require.Equal(t, "first", string(b.cards["a"].metadata["k"]), "the second process has not learned of the first yet")
	show(2, 8, "second")
	require.Equal(t, "second", string(b.cards["a"].metadata["k"]))
	require.Equal(t, uint64(2), b.cards["a"].member().Generation)
	events := b.take()
	require.True(t, slices.ContainsFunc(events, func(e Event) bool { return e.Restarted && e.Member.Generation == 2 }))
	for _, old := range []life{{1, 7, 1}, {2, 7, 1}} {
		for _, k := range []kind{kindAlive, kindSuspect, kindLeave} {
			_, news := b.hear(message{kind: k, name: "a", life: old}, noon)
			require.False(t, news)
		}
	}
	require.Equal(t, StatusOnline, b.cards["a"].status)
	_, news := b.hear(message{kind: kindSuspect, name: "a", life: life{2, 8, 1}}, noon)
	require.True(t, news, "this one is about the process that runs")
}

func TestSummaryCarriesWhatGossipLost(t *testing.T) {
	from := bookWith("a", "b", "c")
	from.suspicion(said(kindSuspect, 1), noon)
	from.goodbye(message{name: "b", life: life{genOne, 0, 1}}, noon)
	from.alive(message{name: "c", life: life{genOne, 0, 8}}, noon)
	to := bookWith("a", "b", "c")
	for _, m := range readSummary(from.summary()) {
		to.hear(m, noon)
	}
	require.Equal(t, StatusSuspect, to.cards["a"].status)
	require.Equal(t, StatusLeft, to.cards["b"].status)
	require.Equal(t, uint64(8), to.cards["c"].life.incarnation)
}

func TestRotaSeesEverybodyEachRound(t *testing.T) {
	b := bookWith("a", "b", "c")
	var r rota
	for range 5 {
		seen := map[string]bool{}
		for range 3 {
			n, ok := r.next(b)
			require.True(t, ok)
			seen[n.Name] = true
		}
		require.Len(t, seen, 3)
	}
	b.gone("b", noon)
	b.goodbye(message{name: "c", life: life{genOne, 0, 1}}, noon)
	for range 5 {
		n, ok := r.next(b)
		require.True(t, ok)
		require.Equal(t, "a", n.Name, "who is gone is skipped")
	}
	_, ok := new(rota).next(bookWith())
	require.False(t, ok, "this member does not look at itself")
}

func TestRotaSeesNewcomersInTheRoundUnderWay(t *testing.T) {
	places := map[int]bool{}
	for range 200 {
		b := bookWith("a", "b", "c", "d")
		var r rota
		_, _ = r.next(b)
		b.joined(nodeNamed("e"), face{generation: genOne}, noon)
		r.insert("e")
		seen := map[string]int{}
		for i := range 4 {
			n, ok := r.next(b)
			require.True(t, ok)
			seen[n.Name] = i
		}
		require.Len(t, seen, 4)
		require.Contains(t, seen, "e")
		places[seen["e"]] = true
	}
	require.Len(t, places, 4, "any place in the round")
}

func TestSettling(t *testing.T) {
	s := settling{interval: time.Second, young: noon.Add(youth)}
	require.False(t, s.due(noon, 10))
	s.grew(noon, 10)
	exchanges := 0
	for now := noon; now.Before(noon.Add(time.Minute)); now = now.Add(100 * time.Millisecond) {
		if s.due(now, 10) {
			exchanges++
		}
	}
	require.Equal(t, settleRounds, exchanges, "a newcomer exchanges a few times")
	old := noon.Add(time.Hour)
	s.grew(old, 100)
	require.False(t, s.due(old.Add(time.Minute), 100), "one joiner does not stir up the old")
	for range 20 {
		s.grew(old, 100)
	}
	require.True(t, s.due(old.Add(time.Minute), 100), "a crowd does")
}

func TestRetryBacksOff(t *testing.T) {
	r := retry{min: time.Second, max: 10 * time.Second}
	var pauses []time.Duration
	for range 6 {
		r.done(noon, false)
		pauses = append(pauses, r.pause)
	}
	require.Equal(t, []time.Duration{1e9, 2e9, 4e9, 8e9, 10e9, 10e9}, pauses)
	require.False(t, r.due(noon))
	require.True(t, r.due(noon.Add(15*time.Second)))
}

// TestObserverIsTold has a member restart as an observer, which changes neither
// its status nor its metadata, and yet who is a candidate.
func TestObserverIsTold(t *testing.T) {
	b := bookWith("a")
	b.joined(nodeNamed("a"), face{generation: genTwo, clock: 1, observer: true, metadata: map[string][]byte{}}, noon)
	events := b.take()
	require.Len(t, events, 1)
	require.True(t, events[0].Member.Observer)
}

func TestWhoIsUpIsNotForgotten(t *testing.T) {
	b := bookWith("a")
	b.goodbye(said(kindLeave, 1), noon)
	b.limit = 2
	require.Error(t, b.admit("b"), "the engine would not tell of it again")
	b.forget(LAN(), noon.Add(48*time.Hour))
	require.Contains(t, b.cards, "a")
	b.gone("a", noon)
	require.NoError(t, b.admit("b"))
}

// TestWhateverIsSaidOfAMemberItHasTheLastWord lets others claim anything about
// a member, up to the greatest counters. What it then says of itself must count
// more. A generation is the one counter that a claim can use up.
func TestWhateverIsSaidOfAMemberItHasTheLastWord(t *testing.T) {
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
		me := bookWith()
		other := newBook("other", face{generation: genOne, clock: 1, metadata: map[string][]byte{}}, noon)
		other.joined(nodeNamed("me"), me.face(), noon)
		for range draw.IntN(20) {
			m := message{name: "me", life: life{me.me().life.generation + draw.Uint64N(2), draw.Uint64N(2), counter(maxClock)}}
			switch draw.IntN(4) {
			case 0:
				m.kind = kindSuspect
			case 1:
				m.kind = kindLeave
			case 2:
				m.kind = kindAlive
			case 3: // somebody shows metadata in its name
				f := face{generation: m.life.generation + draw.Uint64N(1<<40), clock: counter(maxClock), metadata: map[string][]byte{"forged": {1}}}
				other.joined(nodeNamed("me"), f, noon)
				me.supersede(f.life(), f.clock, noon)
				continue
			}
			other.hear(m, noon)
			if reply, news := me.hear(m, noon); news {
				other.hear(reply, noon)
			}
		}
		me.change(map[string][]byte{"k": {byte(draw.Uint32()), 1}}, noon)
		shown, err := decodeFace(me.face().encode(512))
		require.NoError(t, err)
		other.joined(nodeNamed("me"), shown, noon)
		require.Equal(t, me.me().metadata, other.cards["me"].metadata)
		require.Equal(t, StatusOnline, other.cards["me"].status)
	}
}

func TestEveryOtherLookIsAtASuspect(t *testing.T) {
	for ill := range 8 {
		var p pace
		looks, atSuspects := 0, 0
		for range 840 {
			look, suspects := p.next(ill)
			if look {
				looks++
			}
			if suspects {
				atSuspects++
			}
		}
		require.Equal(t, 840/(1+ill), looks, "in bad health it looks less often")
		require.Equal(t, looks/2, atSuspects, "however ill it is")
	}
}
