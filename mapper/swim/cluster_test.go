package swim

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/faultnet"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
	"github.com/proxenos/proxenos/internal/testkit/shortrun"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
	"github.com/proxenos/proxenos/rendezvous"
)

// These tests run in virtual time, in which no machine is slow. But loss and
// gossip are random in each run, so every wait is bounded by patience, far above
// what it takes, and how long it took is logged. The figures that the package
// promises are measured by many runs of internal/lab/swimlab.

// patience is many times what any wait here takes. A member that gossip does not
// reach learns the change in a push-pull within half a minute.
const patience = 5 * time.Minute

// forgotten is longer than memberlist remembers an offline member.
const forgotten = 4 * 30 * time.Second

// lab is a cluster in virtual time.
type lab struct {
	t   *testing.T
	net *faultnet.Network
	all []*Cluster
}

// inLab runs a test in virtual time with a network of its own.
func inLab(t *testing.T, run func(t *testing.T, l *lab)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		l := &lab{t: t, net: faultnet.New(1)}
		t.Cleanup(func() {
			for _, c := range l.all {
				require.NoError(t, c.Close())
			}
			time.Sleep(time.Minute) // for memberlist's last probes; a goroutine that is left fails the test
		})
		run(t, l)
	})
}

func address(i int) string { return fmt.Sprintf("10.0.%d.%d:7946", i/200, i%200+1) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// config returns the configuration of member i, which joins through member 0.
func (l *lab) config(i int) Config {
	cfg := Config{Name: address(i), Transport: l.net.Transport(address(i)), Log: quiet()}
	if i > 0 {
		cfg.Peers = []string{address(0)}
	}
	return cfg
}

func (l *lab) join(cfg Config) *Cluster {
	l.t.Helper()
	c, err := Join(l.t.Context(), cfg)
	require.NoError(l.t, err)
	l.all = append(l.all, c)
	return c
}

// cluster joins n members one after another and waits until every member knows
// all.
func (l *lab) cluster(n int) []*Cluster {
	l.t.Helper()
	var all []*Cluster
	for i := range n {
		all = append(all, l.join(l.config(i)))
	}
	l.within("all see all", func() bool { return sees(all, StatusOnline, n) })
	return all
}

// within waits until the condition holds and returns how long that took.
func (l *lab) within(what string, holds func() bool) time.Duration {
	l.t.Helper()
	start := time.Now()
	for !holds() {
		require.Less(l.t, time.Since(start), patience, "%s: not within %v", what, patience)
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(start)
}

// sees reports whether each member counts n members with a status of the set.
func sees(all []*Cluster, set Status, n int) bool {
	for _, c := range all {
		count := 0
		for _, m := range c.Members() {
			if m.Status.In(set) {
				count++
			}
		}
		if count != n {
			return false
		}
	}
	return true
}

// status returns the status of a member at another one.
func status(c *Cluster, name string) Status {
	for _, m := range c.Members() {
		if m.Name == name {
			return m.Status
		}
	}
	return 0
}

// every reports whether the member has a status of the set at all others.
func every(all []*Cluster, name string, set Status) bool {
	for _, c := range all {
		if !status(c, name).In(set) {
			return false
		}
	}
	return true
}

func TestSixtyJoinOneSeedAtOnce(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		seed := l.join(l.config(0))
		all := []*Cluster{seed}
		joined := make(chan *Cluster)
		for i := 1; i < 60; i++ {
			cfg := l.config(i)
			go func() {
				c, err := Join(context.Background(), cfg)
				if err != nil {
					t.Error(err)
				}
				joined <- c
			}()
		}
		for range 59 {
			c := <-joined
			all, l.all = append(all, c), append(l.all, c)
		}
		took := l.within("all see all", func() bool { return sees(all, StatusOnline, 60) })
		t.Log("all saw all after", took)
	})
}

func TestCrashIsSuspectedThenOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(12)
		victim := all[5].cfg.Name
		require.NoError(t, all[5].Close())
		rest := append(append([]*Cluster{}, all[:5]...), all[6:]...)
		t.Log("suspect everywhere after", l.within("suspect", func() bool { return every(rest, victim, StatusUnavailable) }))
		t.Log("offline everywhere after", l.within("offline", func() bool { return every(rest, victim, StatusOffline) }))
		require.True(t, sees(rest, StatusOnline, 11), "no other member is suspect")
	})
}

func TestMemberThatLeavesIsNotOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(8)
		name := all[3].cfg.Name
		require.NoError(t, all[3].Leave(t.Context()))
		require.NoError(t, all[3].Close())
		rest := append(append([]*Cluster{}, all[:3]...), all[4:]...)
		l.within("left", func() bool { return every(rest, name, StatusLeft) })
		time.Sleep(time.Minute)
		require.True(t, every(rest, name, StatusLeft), "it stays left")
	})
}

func TestWrongSuspicionIsRefuted(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(6)
		victim := all[2].cfg.Name
		all[0].suspect(victim)
		require.Equal(t, StatusSuspect, status(all[0], victim))
		l.within("refuted", func() bool { return every(all, victim, StatusOnline) })
		time.Sleep(5 * time.Second)
		l.within("refuted for good", func() bool { return every(all, victim, StatusOnline) })
	})
}

func TestLossMakesNoMemberOffline(t *testing.T) {
	seconds := 180
	if testing.Short() {
		seconds = 30
	}
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(8)
		l.net.SetLoss(0.3)
		offline := 0
		for range seconds {
			time.Sleep(time.Second)
			for _, c := range all {
				for _, m := range c.Members() {
					if m.Status.In(StatusOffline | StatusLeft) {
						offline++
					}
				}
			}
		}
		require.Zero(t, offline)
	})
}

func TestPartitionHeals(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		n := max(4, shortrun.Few(8))
		all := l.cluster(n)
		half := map[string]bool{}
		for _, c := range all[:n/2] {
			half[c.cfg.Name] = true
		}
		l.net.SetCut(func(from, to string) bool { return half[from] != half[to] })
		l.within("each half sees itself", func() bool { return sees(all, StatusOnline, n/2) })
		time.Sleep(forgotten)
		require.True(t, sees(all, StatusOffline, n/2))
		l.net.SetCut(nil)
		t.Log("healed after", l.within("healed", func() bool { return sees(all, StatusOnline, n) }))
	})
}

func TestOneWayCutBetweenTwoMakesNoMemberOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(max(4, shortrun.Few(8)))
		l.net.SetCut(func(from, to string) bool { return from == all[1].cfg.Name && to == all[2].cfg.Name })
		for range shortrun.Few(120) {
			time.Sleep(time.Second)
			require.True(t, sees(all, StatusAvailable, len(all)))
		}
	})
}

func TestRestartUnderTheSameName(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(8)
		victim := all[4]
		require.NoError(t, victim.Close())
		time.Sleep(500 * time.Millisecond)
		cfg := l.config(4)
		cfg.Metadata = map[string][]byte{"run": []byte("second")}
		again := l.join(cfg)
		all[4] = again
		took := l.within("back everywhere", func() bool {
			for _, c := range all {
				if string(c.metadataOf(cfg.Name)["run"]) != "second" {
					return false
				}
			}
			return sees(all, StatusOnline, 8)
		})
		t.Log("back everywhere after", took)
		time.Sleep(time.Minute)
		require.True(t, sees(all, StatusOnline, 8), "it stays back")
	})
}

// generation returns the generation of a member as another one knows it.
func generation(c *Cluster, name string) uint64 {
	for _, m := range c.Members() {
		if m.Name == name {
			return m.Generation
		}
	}
	return 0
}

func TestGenerationTellsRestartsApart(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(5)
		name := all[4].cfg.Name
		require.Equal(t, uint64(1), all[4].Local().Generation)
		restart := func(least, want uint64, why string) {
			cfg := l.config(4)
			cfg.Generation = least
			all[4] = l.join(cfg)
			require.Equal(t, want, all[4].Local().Generation, "%s: known as soon as Join returns", why)
			l.within(why, func() bool {
				return sees(all, StatusOnline, 5) && !slices.ContainsFunc(all, func(c *Cluster) bool { return generation(c, name) != want })
			})
		}
		require.NoError(t, all[4].Close())
		restart(0, 2, "killed and started again at once")
		require.NoError(t, all[4].Close())
		l.within("offline", func() bool { return every(all[:4], name, StatusOffline) })
		time.Sleep(forgotten)
		restart(0, 3, "started again after it was offline for long")
		require.NoError(t, all[4].Leave(t.Context()))
		require.NoError(t, all[4].Close())
		time.Sleep(forgotten)
		restart(0, 4, "started again after it left")
		require.NoError(t, all[4].Close())
		restart(7, 7, "started with a number from its data file")
		require.NoError(t, all[4].Close())
		restart(3, 8, "its data file is older than what the others remember")
	})
}

// TestGenerationIsLearnedLate starts a member before its peers, so that it
// cannot know in Join that it ran before.
func TestGenerationIsLearnedLate(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(3)
		name := all[2].cfg.Name
		require.NoError(t, all[2].Close())
		l.net.SetCut(func(from, to string) bool { return from == name || to == name })
		again := l.join(l.config(2))
		require.Equal(t, uint64(1), again.Local().Generation)
		events := again.subscribe()
		defer again.unsubscribe(events)
		events.drain()
		l.net.SetCut(nil)
		all[2] = again
		l.within("known everywhere", func() bool {
			return !slices.ContainsFunc(all, func(c *Cluster) bool { return generation(c, name) != 2 })
		})
		require.True(t, slices.ContainsFunc(events.drain(), func(e Event) bool { return e.Restarted && e.Member.Local && e.Member.Generation == 2 }))
	})
}

func (c *Cluster) metadataOf(name string) map[string][]byte {
	for _, m := range c.Members() {
		if m.Name == name {
			return m.Metadata
		}
	}
	return nil
}

func TestRestartAfterItWasOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(6)
		require.NoError(t, all[4].Close())
		rest := append(append([]*Cluster{}, all[:4]...), all[5:]...)
		l.within("offline", func() bool { return every(rest, all[4].cfg.Name, StatusOffline) })
		all[4] = l.join(l.config(4))
		l.within("back", func() bool { return sees(all, StatusOnline, 6) })
	})
}

func TestNewAddressIsAcceptedOnceTheOldIsOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(5)
		require.NoError(t, all[4].Close())
		cfg := l.config(4)
		cfg.Transport = l.net.Transport(address(77))
		all[4] = l.join(cfg)
		l.within("accepted", func() bool {
			for _, c := range all {
				for _, m := range c.Members() {
					if m.Name == cfg.Name && (m.Addr != address(77) || m.Status != StatusOnline) {
						return false
					}
				}
			}
			return sees(all, StatusOnline, 5)
		})
	})
}

func TestTakenNameIsRefused(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(4)
		cfg := l.config(78)
		cfg.Name = all[2].cfg.Name
		_, err := Join(t.Context(), cfg)
		require.ErrorIs(t, err, ErrNameTaken)
		time.Sleep(10 * time.Second)
		require.True(t, sees(all, StatusOnline, 4), "the owner of the name keeps it")
	})
}

// TestNamesakesThatMeetLate starts both alone, so that neither can be refused.
func TestNamesakesThatMeetLate(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(4)
		name := all[2].cfg.Name
		var out logbuf.Buffer
		cfg := l.config(78)
		cfg.Name, cfg.Peers = name, []string{address(79)} // which does not run yet
		cfg.Log = slog.New(slog.NewTextHandler(&out, nil))
		second := l.join(cfg)
		l.join(l.config(79))
		const said = "another running member has the name of this one"
		l.within("noticed", func() bool { return strings.Contains(out.String(), said) })
		time.Sleep(5 * time.Minute)
		require.True(t, sees(all, StatusOnline, 5))
		for _, c := range all {
			i := slices.IndexFunc(c.Members(), func(m Member) bool { return m.Name == name })
			require.Equal(t, address(2), c.Members()[i].Addr, "the owner of the name keeps it")
		}
		require.Equal(t, 1, strings.Count(out.String(), said), "once is enough for a while")
		require.NoError(t, all[2].Close())
		rest := append(append([]*Cluster{}, all[:2]...), all[3], second)
		l.within("the second is accepted when the first is gone", func() bool { return sees(rest, StatusOnline, 5) })
	})
}

// advertising is a transport that advertises the address of another one.
type advertising struct {
	memberlist.NodeAwareTransport
	addr netip.AddrPort
}

func (a advertising) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return a.addr.Addr().AsSlice(), int(a.addr.Port()), nil
}

// TestNamesakeWithTheSameAddressCloses starts a second process with the name and
// the advertised address of a member, which memberlist cannot tell from a
// restart.
func TestNamesakeWithTheSameAddressCloses(t *testing.T) {
	for _, both := range []string{"the second knows", "neither knows"} {
		t.Run(both, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				all := l.cluster(4)
				name := all[2].cfg.Name
				require.NoError(t, all[2].SetMetadata(map[string][]byte{"run": []byte("first")}))
				l.within("known", func() bool { return string(all[3].metadataOf(name)["run"]) == "first" })

				cfg := l.config(78)
				cfg.Transport = advertising{cfg.Transport, netip.MustParseAddrPort(address(2))}
				cfg.Name, cfg.Metadata = name, map[string][]byte{"run": []byte("second")}
				if both == "neither knows" {
					l.net.SetCut(func(from, to string) bool { return from == address(78) || to == address(78) })
				}
				second := l.join(cfg)
				l.net.SetCut(nil)
				closed := []*Cluster{}
				l.within("one closes", func() bool {
					closed = closed[:0]
					for _, c := range []*Cluster{all[2], second} {
						if c.isClosed() {
							closed = append(closed, c)
						}
					}
					return len(closed) > 0
				})
				require.Len(t, closed, 1)
				require.ErrorIs(t, closed[0].Err(), ErrNameTaken)
				require.ErrorIs(t, closed[0].Err(), ErrClosed)
				if both == "the second knows" {
					require.Same(t, second, closed[0])
				}
				winner := all[2]
				if closed[0] == winner {
					winner = second
				}
				run := string(winner.Local().Metadata["run"])
				rest := []*Cluster{all[0], all[1], all[3], winner}
				l.within("settled", func() bool {
					return sees(rest, StatusOnline, 4) && string(all[3].metadataOf(name)["run"]) == run
				})
				stable := winner.Local().Generation
				for range 600 {
					time.Sleep(100 * time.Millisecond)
					require.Equal(t, run, string(all[3].metadataOf(name)["run"]), "metadata flips")
				}
				require.Equal(t, stable, winner.Local().Generation)
				_, err := closed[0].Nodes(t.Context())
				require.ErrorIs(t, err, ErrNameTaken)
			})
		})
	}
}

// TestUnreachablePeersAreTriedTogether has peers that each take Timing.Stream to
// time out.
func TestUnreachablePeersAreTriedTogether(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		seed := l.join(l.config(0))
		l.net.SetCut(func(_, to string) bool { return to != address(0) && to != address(1) })
		cfg := l.config(1)
		cfg.Peers = nil
		for i := range 2 * maxPushPulls {
			cfg.Peers = append(cfg.Peers, address(50+i))
		}
		cfg.Peers = append(cfg.Peers, address(0))
		start := time.Now()
		second := l.join(cfg)
		require.LessOrEqual(t, time.Since(start), 2*LAN().Stream)
		l.within("joined", func() bool { return sees([]*Cluster{seed, second}, StatusOnline, 2) })
	})
}

func TestMembersStartInAnyOrder(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		one := l.config(1) // its peer does not run yet
		first := l.join(one)
		require.True(t, sees([]*Cluster{first}, StatusAny, 1))
		second := l.join(l.config(0))
		l.within("found", func() bool { return sees([]*Cluster{first, second}, StatusOnline, 2) })
	})
}

func TestMembersThatStartedBeforeTheirPeersMeet(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		two := l.config(2)
		two.Peers = []string{address(1)} // which does not run yet
		three := l.config(3)
		three.Peers = []string{address(2)}
		all := []*Cluster{l.join(two), l.join(three)}
		one := l.config(1)
		one.Peers = nil
		all = append(all, l.join(one))
		l.within("one cluster", func() bool { return sees(all, StatusOnline, 3) })
	})
}

var rounds = flag.Int("rounds", 3, "metadata changes in each case")

// TestMetadataReachesEveryMember cannot fail by chance: with loss, gossip misses
// a member in one round of twenty; then about two digests a second are sent to
// it, and the probability that none arrives within ten seconds is below 1e-9. The
// test waits for minutes. To see how long it takes:
//
//	go test ./mapper/swim -run TestMetadataReachesEveryMember -v -rounds 300
func TestMetadataReachesEveryMember(t *testing.T) {
	cases := []struct {
		name string
		size int
		loss float64
	}{
		{"by gossip", 20, 0},
		{"by gossip with loss", 20, 0.3},
		{"by stream", 64 << 10, 0},
		{"by stream with loss", 64 << 10, 0.3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				all := l.cluster(20)
				l.net.SetLoss(c.loss)
				var took []time.Duration
				for round := range *rounds {
					value := make([]byte, c.size)
					binary.BigEndian.PutUint32(value, uint32(round)+1)
					from := all[round%len(all)]
					require.NoError(t, from.SetMetadata(map[string][]byte{"v": value}))
					took = append(took, l.within("everywhere", func() bool {
						return !slices.ContainsFunc(all, func(c *Cluster) bool {
							return !bytes.Equal(c.metadataOf(from.cfg.Name)["v"], value)
						})
					}))
				}
				slices.Sort(took)
				t.Log("everywhere after", took[len(took)/2], "in the median,", took[len(took)*99/100], "in 99 of 100,", took[len(took)-1], "at most")
			})
		})
	}
}

// TestSuspicionChangesNoSet has members become suspect and refute it: a reader
// of Watch gets nothing.
func TestSuspicionChangesNoSet(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(5)
		ctx, cancel := context.WithCancel(t.Context())
		sets := make(chan []mapper.Node, 10)
		go func() {
			defer close(sets)
			for u := range all[0].Watch(ctx) {
				if u.Err != nil {
					t.Error(u.Err)
				}
				sets <- u.Nodes
			}
		}()
		before := checksum(t, <-sets)
		events := all[0].subscribe()
		events.drain()
		for _, c := range all[1:] {
			all[0].suspect(c.cfg.Name)
			nodes, err := all[0].Nodes(t.Context())
			require.NoError(t, err)
			require.Equal(t, before, checksum(t, nodes), "a suspect stays")
			l.within("refuted", func() bool { return sees(all, StatusOnline, 5) })
		}
		all[0].unsubscribe(events)
		require.GreaterOrEqual(t, len(events.drain()), 8, "the statuses did change")
		require.Empty(t, sets)
		require.NoError(t, all[4].Close())
		require.NotEqual(t, before, checksum(t, <-sets), "an offline member leaves the set")
		cancel()
		for range sets {
			continue
		}
	})
}

// checksum returns the checksum of the set of the nodes.
func checksum(t *testing.T, nodes []mapper.Node) uint64 {
	set, err := rendezvous.Build(nodes)
	require.NoError(t, err)
	return set.Checksum()
}

// TestReplayedRequestsAreAnsweredOnce sends a small packet with a large answer
// many times.
func TestReplayedRequestsAreAnsweredOnce(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := settledLab(l, 2)
		name := all[0].cfg.Name
		require.NoError(t, all[0].SetMetadata(map[string][]byte{"k": make([]byte, MaxValue)}))
		l.within("there", func() bool { return len(all[1].metadataOf(name)["k"]) == MaxValue })
		time.Sleep(time.Minute)
		local := all[0].Local()
		version := members.Version{Generation: local.Generation, Clock: local.Clock}
		request := members.Message{Kind: members.KindFetch, Name: name, Version: version, From: all[1].cfg.Name}
		before := l.net.Streams(name)
		for range 1000 {
			all[0].receive(request)
		}
		time.Sleep(time.Second)
		require.Equal(t, before+1, l.net.Streams(name))
		all[0].receive(request)
		time.Sleep(time.Second)
		require.Equal(t, before+2, l.net.Streams(name), "a later request is answered again")
	})
}

func TestObserverTakesNoPartInPlacement(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(3)
		cfg := l.config(9)
		cfg.Observer = true
		watcher := l.join(cfg)
		l.within("seen", func() bool { return sees(all, StatusOnline, 4) })
		for _, c := range append(all, watcher) {
			nodes, err := c.Nodes(t.Context())
			require.NoError(t, err)
			require.Len(t, nodes, 3)
		}
		require.NoError(t, watcher.Leave(t.Context()))
		require.NoError(t, watcher.Close())
		l.within("reaped", func() bool { return sees(all, StatusAny, 3) })
	})
}

func TestSecretsRotateWithoutLoss(t *testing.T) {
	old, err := NewSecret([]byte("the first secret"))
	require.NoError(t, err)
	next, err := NewSecret([]byte("the second secret"))
	require.NoError(t, err)
	inLab(t, func(t *testing.T, l *lab) {
		var all []*Cluster
		for i := range 5 {
			cfg := l.config(i)
			cfg.Secrets = []Secret{old}
			all = append(all, l.join(cfg))
		}
		l.within("all see all", func() bool { return sees(all, StatusOnline, 5) })
		for _, secrets := range [][]Secret{{old, next}, {next, old}, {next}} {
			for _, c := range all {
				require.NoError(t, c.SetSecrets(secrets...))
				time.Sleep(2 * time.Second)
				require.True(t, sees(all, StatusOnline, 5))
			}
		}
		cfg := l.config(5)
		cfg.Secrets, cfg.MustJoin = []Secret{old}, true
		_, err := Join(t.Context(), cfg)
		require.ErrorIs(t, err, ErrNoPeer, "the old secret is worth nothing")
		cfg = l.config(5)
		cfg.Label, cfg.Secrets, cfg.MustJoin = "other", []Secret{next}, true
		_, err = Join(t.Context(), cfg)
		require.ErrorIs(t, err, ErrNoPeer, "another label is another cluster")
		require.True(t, sees(all, StatusAny, 5))
	})
}

func TestFailedJoinShutsTheTransportDown(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		for _, name := range []string{"", "a"} {
			transport := l.net.Transport(address(0))
			_, err := Join(t.Context(), Config{Name: name, Transport: transport, MustJoin: true, Log: quiet()})
			require.Error(t, err)
			_, err = transport.WriteTo([]byte{1}, address(1))
			require.ErrorIs(t, err, net.ErrClosed)
		}
	})
}

// TestAddressesCanBeBounded lets members be in one network only, which is what
// keeps a stranger from naming any address where there is no secret.
func TestAddressesCanBeBounded(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		_, here, err := net.ParseCIDR("10.0.0.0/24")
		require.NoError(t, err)
		cfg := l.config(0)
		cfg.Tune = func(c *memberlist.Config) { c.CIDRsAllowed = []net.IPNet{*here} }
		first := l.join(cfg)
		far := l.join(l.config(250)) // 10.0.1.51
		near := l.join(l.config(1))
		l.within("all others meet", func() bool { return sees([]*Cluster{far, near}, StatusOnline, 3) })
		time.Sleep(time.Minute)
		require.Zero(t, status(first, far.cfg.Name))
		require.Equal(t, StatusOnline, status(first, near.cfg.Name))
	})
}

func TestEngineConfigCanBeTuned(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		cfg := l.config(0)
		seen := false
		cfg.Tune = func(c *memberlist.Config) { seen = c.Name == cfg.Name }
		l.join(cfg)
		require.True(t, seen)
	})
}
