package swim

import (
	"bytes"
	"maps"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// suspectCluster returns five members, the last of which does not answer. By then
// memberlist suspects it too, so it does not pass it on to a member that joins.
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
	time.Sleep(1500 * time.Millisecond) // for memberlist's own probes; it declares the member dead four seconds later
	require.True(l.t, every(all[:4], suspect, StatusSuspect))
	return all, suspect
}

func nodesOf(t *testing.T, c *Cluster) []mapper.Node {
	nodes, err := c.Nodes(t.Context())
	require.NoError(t, err)
	return nodes
}

// TestJoiningMemberLearnsSuspects joins while a member is suspect: placement must
// not depend on when a member joined.
func TestJoiningMemberLearnsSuspects(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all, suspect := suspectCluster(l)
		cfg := l.config(9)
		cfg.Observer = true
		joiner := l.join(cfg)
		require.Equal(t, StatusSuspect, status(joiner, suspect))
		require.Equal(t, nodesOf(t, all[0]), nodesOf(t, joiner))
		old := append(all[:4:4], joiner)
		took := l.within("offline everywhere", func() bool { return every(old, suspect, StatusOffline) })
		require.LessOrEqual(t, took, LAN().longestSuspicion(6)+10*time.Second)
	})
}

func TestRefutationConfirmsAMember(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all, suspect := suspectCluster(l)
		joiner := l.join(l.config(9))
		require.Equal(t, StatusSuspect, status(joiner, suspect))
		l.net.SetCut(nil)
		all = append(all, joiner)
		l.within("online everywhere", func() bool { return sees(all, StatusOnline, 6) })
		time.Sleep(2 * time.Minute)
		require.True(t, sees(all, StatusOnline, 6), "it stays online")
		require.True(t, slices.ContainsFunc(joiner.list.Members(), func(n *memberlist.Node) bool { return n.Name == suspect }), "memberlist knows it")
		joiner.update(func(t *members.Table, now time.Time) { t.ExpireUnconfirmed(now.Add(time.Hour)) })
		require.Equal(t, StatusOnline, status(joiner, suspect), "it is confirmed")
	})
}

// TestUnconfirmedMemberThatAnswersIsContacted has two clusters of two that have
// nothing left to gossip, so that memberlist does not learn that the suspect is
// alive.
func TestUnconfirmedMemberThatAnswersIsContacted(t *testing.T) {
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
		n := *all[2].list.LocalNode()
		n.State = memberlist.StateSuspect
		require.NoError(t, delegate{all[0]}.NotifyMerge([]*memberlist.Node{&n}))
		require.Equal(t, StatusSuspect, status(all[0], n.Name))
		l.within("one cluster", func() bool { return sees(all, StatusOnline, 4) })
		time.Sleep(LAN().longestSuspicion(4) + time.Second)
		for _, m := range all[0].Find(-1, StatusOnline) {
			require.NotEqual(t, StatusOffline, m.Previous, m.Name)
		}
		require.True(t, sees(all, StatusOnline, 4))
	})
}

func TestJoiningMemberLearnsWhichMembersWent(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(5)
		failed, left := all[4].cfg.Name, all[3].cfg.Name
		require.NoError(t, all[4].Close())
		require.NoError(t, all[3].Leave(t.Context()))
		require.NoError(t, all[3].Close())
		l.within("gone", func() bool { return every(all[:3], failed, StatusOffline) && every(all[:3], left, StatusLeft) })
		joiner := l.join(l.config(9))
		require.Equal(t, StatusOffline, status(joiner, failed))
		require.Equal(t, nodesOf(t, joiner), func() []mapper.Node {
			l.within("accepted", func() bool { return len(nodesOf(t, all[0])) == 4 })
			return nodesOf(t, all[0])
		}())
	})
}

// TestUnconfirmedMembersKeepToTheNetwork has a member that allows the addresses of
// one network only: it must not contact another.
func TestUnconfirmedMembersKeepToTheNetwork(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		cfg := l.config(0)
		_, network, err := net.ParseCIDR("10.0.0.0/16")
		require.NoError(t, err)
		cfg.Tune = func(c *memberlist.Config) { c.CIDRsAllowed = []net.IPNet{*network} }
		c := l.join(cfg)
		meta := members.NodeMeta{Generation: 1, Clock: 1, Metadata: map[string][]byte{}}.Encode(memberlist.MetaMaxSize)
		for _, ip := range []string{"10.0.0.7", "10.1.0.7"} {
			n := memberlist.Node{Name: ip, Addr: net.ParseIP(ip), Port: 1, Meta: meta, State: memberlist.StateSuspect}
			require.NoError(t, delegate{c}.NotifyMerge([]*memberlist.Node{&n}))
		}
		require.Equal(t, StatusSuspect, status(c, "10.0.0.7"))
		require.Zero(t, status(c, "10.1.0.7"))
	})
}

// TestMetadataOfASuspectIsFetched joins while a member with metadata too large for
// the gossip is suspect, so that others must send it.
func TestMetadataOfASuspectIsFetched(t *testing.T) {
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
		joiner := l.join(l.config(9))
		require.True(t, status(joiner, suspect).In(StatusAvailable))
		took := l.within("known", func() bool { return maps.EqualFunc(joiner.metadataOf(suspect), large, bytes.Equal) })
		t.Log("known after", took)
	})
}
