package swim

import (
	"net"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// suspectCluster has five members of which the last does not answer. It returns
// while its engine neighbours suspect it too, so that a newcomer is not told.
func suspectCluster(l *lab) (all []*Cluster, suspect string) {
	all = l.cluster(5)
	suspect = all[4].cfg.Name
	require.NoError(l.t, all[4].SetMetadata(map[string][]byte{"weight": []byte("3"), "zone": []byte("z")}))
	l.within("its weight is known", func() bool {
		for _, c := range all {
			if len(c.metadataOf(suspect)) != 2 {
				return false
			}
		}
		return true
	})
	l.net.SetCut(func(from, to string) bool { return from == suspect || to == suspect })
	l.within("suspect everywhere", func() bool { return every(all[:4], suspect, StatusSuspect) })
	time.Sleep(1500 * time.Millisecond) // for the engine's own probes; its verdict takes four seconds from there
	require.True(l.t, every(all[:4], suspect, StatusSuspect))
	return all, suspect
}

func nodesOf(t *testing.T, c *Cluster) []mapper.Node {
	nodes, err := c.Nodes(t.Context())
	require.NoError(t, err)
	return nodes
}

// TestNewcomersPlaceOnSuspectsToo joins while a member is suspect: where keys go
// must not depend on when one came.
func TestNewcomersPlaceOnSuspectsToo(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all, suspect := suspectCluster(l)
		cfg := l.config(9)
		cfg.Observer = true
		newcomer := l.join(cfg)
		require.Equal(t, StatusSuspect, status(newcomer, suspect))
		require.Equal(t, nodesOf(t, all[0]), nodesOf(t, newcomer))
		old := append(all[:4:4], newcomer)
		took := l.within("offline everywhere", func() bool { return every(old, suspect, StatusOffline) })
		require.LessOrEqual(t, took, LAN().longestSuspicion(6)+10*time.Second)
	})
}

func TestHearsayEndsWithARefutation(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all, suspect := suspectCluster(l)
		newcomer := l.join(l.config(9))
		require.Equal(t, StatusSuspect, status(newcomer, suspect))
		l.net.SetCut(nil)
		all = append(all, newcomer)
		l.within("online everywhere", func() bool { return sees(all, StatusOnline, 6) })
		time.Sleep(2 * time.Minute)
		require.True(t, sees(all, StatusOnline, 6), "for good")
		newcomer.mu.Lock()
		defer newcomer.mu.Unlock()
		require.True(t, newcomer.book.cards[suspect].up, "the engine has met it")
		require.Zero(t, newcomer.book.cards[suspect].hearsay)
	})
}

// TestWhoIsHeardOfAndAnswersIsMet has two clusters of two with nothing left to
// tell, so that nobody tells the engine that the suspect lives.
func TestWhoIsHeardOfAndAnswersIsMet(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		var all []*Cluster
		for i := range 4 {
			cfg := l.config(i)
			cfg.Peers = nil
			if i%2 == 1 {
				cfg.Peers = []string{address(i - 1)}
			}
			all = append(all, l.join(cfg))
		}
		time.Sleep(time.Minute)
		require.True(t, sees(all, StatusOnline, 2))
		n := *all[2].engine.LocalNode()
		n.State = memberlist.StateSuspect
		require.NoError(t, delegate{all[0]}.NotifyMerge([]*memberlist.Node{&n}))
		require.Equal(t, StatusSuspect, status(all[0], n.Name))
		l.within("they have met", func() bool { return sees(all, StatusOnline, 4) })
		time.Sleep(LAN().longestSuspicion(4) + time.Second)
		for _, m := range all[0].Find(-1, StatusOnline) {
			require.NotEqual(t, StatusOffline, m.Previous, m.Name)
		}
		require.True(t, sees(all, StatusOnline, 4))
	})
}

func TestNewcomersHearOfThoseWhoWent(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(5)
		failed, left := all[4].cfg.Name, all[3].cfg.Name
		require.NoError(t, all[4].Close())
		require.NoError(t, all[3].Leave(t.Context()))
		require.NoError(t, all[3].Close())
		l.within("gone", func() bool { return every(all[:3], failed, StatusOffline) && every(all[:3], left, StatusLeft) })
		newcomer := l.join(l.config(9))
		require.Equal(t, StatusOffline, status(newcomer, failed))
		require.Equal(t, nodesOf(t, newcomer), func() []mapper.Node {
			l.within("let in", func() bool { return len(nodesOf(t, all[0])) == 4 })
			return nodesOf(t, all[0])
		}())
	})
}

func TestWhatIsTold(t *testing.T) {
	timing := LAN()
	known := face{generation: genOne, clock: 7, metadata: map[string][]byte{"k": []byte("v")}}
	of := func(name string, state memberlist.NodeStateType) memberlist.Node {
		n := nodeNamed(name)
		n.State = state
		return n
	}
	b := bookWith("a")
	b.told(of("b", memberlist.StateSuspect), known, timing, noon)
	require.Equal(t, StatusSuspect, b.cards["b"].status)
	require.Equal(t, "v", string(b.cards["b"].metadata["k"]))
	b.told(of("c", memberlist.StateDead), known, timing, noon)
	require.Equal(t, StatusOffline, b.cards["c"].status)
	b.told(of("d", memberlist.StateLeft), known, timing, noon)
	require.Equal(t, StatusLeft, b.cards["d"].status)

	b.told(of("a", memberlist.StateDead), known, timing, noon)
	require.Equal(t, StatusOnline, b.cards["a"].status, "who was met is known better")
	b.told(of("me", memberlist.StateDead), known, timing, noon)
	require.Equal(t, StatusOnline, b.cards["me"].status)
	b.told(of("c", memberlist.StateSuspect), known, timing, noon)
	require.Equal(t, StatusOffline, b.cards["c"].status, "hearsay does not repeat itself")
	for _, name := range []string{"../x", ""} {
		b.told(of(name, memberlist.StateSuspect), known, timing, noon)
		require.NotContains(t, b.cards, name)
	}
	b.told(of("o", memberlist.StateSuspect), face{generation: genOne, observer: true}, timing, noon)
	require.NotContains(t, b.cards, "o", "observers place nothing")
	b.limit = len(b.cards)
	b.told(of("e", memberlist.StateSuspect), known, timing, noon)
	require.NotContains(t, b.cards, "e", "nobody makes room for it")

	b.seen("b", noon)
	require.Equal(t, StatusOnline, b.cards["b"].status, "it answers")
	_, ok := b.missed("b", noon)
	require.True(t, ok)
	require.Equal(t, StatusSuspect, b.cards["b"].status, "it does not")
	b.doubt(noon.Add(timing.longestSuspicion(3)))
	require.Equal(t, StatusSuspect, b.cards["b"].status)
	b.doubt(noon.Add(timing.longestSuspicion(3) + 1))
	require.Equal(t, StatusOffline, b.cards["b"].status)
	b.joined(nodeNamed("b"), known, noon.Add(time.Minute))
	require.Equal(t, StatusOnline, b.cards["b"].status)
}

// TestHearsayKeepsToTheNetwork has a cluster whose members may be in one network
// only, so nobody is to be made to call elsewhere.
func TestHearsayKeepsToTheNetwork(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		cfg := l.config(0)
		_, network, err := net.ParseCIDR("10.0.0.0/16")
		require.NoError(t, err)
		cfg.Tune = func(c *memberlist.Config) { c.CIDRsAllowed = []net.IPNet{*network} }
		c := l.join(cfg)
		meta := face{generation: genOne, clock: 1, metadata: map[string][]byte{}}.encode(512)
		for _, ip := range []string{"10.0.0.7", "10.1.0.7"} {
			n := memberlist.Node{Name: ip, Addr: net.ParseIP(ip), Port: 1, Meta: meta, State: memberlist.StateSuspect}
			require.NoError(t, delegate{c}.NotifyMerge([]*memberlist.Node{&n}))
		}
		require.Equal(t, StatusSuspect, status(c, "10.0.0.7"))
		require.Zero(t, status(c, "10.1.0.7"))
	})
}

// TestMetadataOfHearsayIsFetched joins while a member is suspect whose metadata
// is too large for the gossip, so that others have to be asked for it.
func TestMetadataOfHearsayIsFetched(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all, suspect := suspectCluster(l)
		l.net.SetCut(nil)
		l.within("back", func() bool { return sees(all, StatusOnline, 5) })
		large := map[string][]byte{"weight": []byte("3"), "k": make([]byte, 2000)}
		require.NoError(t, all[4].SetMetadata(large))
		l.within("fetched", func() bool {
			for _, c := range all {
				if len(c.metadataOf(suspect)["k"]) != 2000 {
					return false
				}
			}
			return true
		})
		time.Sleep(10 * time.Second)
		l.net.SetCut(func(from, to string) bool { return from == suspect || to == suspect })
		l.within("suspect everywhere", func() bool { return every(all[:4], suspect, StatusSuspect) })
		time.Sleep(1500 * time.Millisecond)
		newcomer := l.join(l.config(9))
		require.True(t, status(newcomer, suspect).In(StatusAvailable))
		took := l.within("known", func() bool { return equalMetadata(newcomer.metadataOf(suspect), large) })
		t.Log("known after", took)
	})
}
