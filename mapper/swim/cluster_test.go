package swim

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/faultnet"
)

// lab is a cluster in a bubble of virtual time.
type lab struct {
	t   *testing.T
	net *faultnet.Network
	all []*Cluster
}

// inLab runs a test in a bubble with a network of its own.
func inLab(t *testing.T, run func(t *testing.T, l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lab{t: t, net: faultnet.New(1)}
		t.Cleanup(func() {
			for _, c := range l.all {
				require.NoError(t, c.Close())
			}
			time.Sleep(time.Minute) // for the engine's last probes; a bubble that anybody is left in fails the test
		})
		run(t, l)
	})
}

func address(i int) string { return fmt.Sprintf("10.0.%d.%d:7946", i/200, i%200+1) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// config is that of member i, which joins by member 0.
func (l *lab) config(i int) Config {
	cfg := Config{Name: address(i), Transport: l.net.Transport(address(i)), Logger: quiet()}
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

// cluster joins n members one after another and waits until all see all.
func (l *lab) cluster(n int) []*Cluster {
	l.t.Helper()
	var all []*Cluster
	for i := range n {
		all = append(all, l.join(l.config(i)))
	}
	l.within(30*time.Second, "all see all", func() bool { return sees(all, Online, n) })
	return all
}

// within advances time until the condition holds, and returns how long it
// took.
func (l *lab) within(limit time.Duration, what string, holds func() bool) time.Duration {
	l.t.Helper()
	start := time.Now()
	for !holds() {
		require.Less(l.t, time.Since(start), limit, "%s: not within %v", what, limit)
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

// status is what a member believes of another.
func status(c *Cluster, name string) Status {
	for _, m := range c.Members() {
		if m.Name == name {
			return m.Status
		}
	}
	return 0
}

// every reports whether all members believe this of another.
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
		took := l.within(10*time.Second, "all see all", func() bool { return sees(all, Online, 60) })
		t.Log("all saw all after", took)
	})
}

func TestCrashIsSuspectedThenOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(12)
		victim := all[5].cfg.Name
		require.NoError(t, all[5].Close())
		rest := append(append([]*Cluster{}, all[:5]...), all[6:]...)
		t.Log("suspect everywhere after", l.within(5*time.Second, "suspect", func() bool { return every(rest, victim, Suspect) }))
		t.Log("offline everywhere after", l.within(30*time.Second, "offline", func() bool { return every(rest, victim, Offline) }))
		require.True(t, sees(rest, Online, 11), "nobody else is doubted")
	})
}

func TestLeaveIsNotOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(8)
		name := all[3].cfg.Name
		require.NoError(t, all[3].Leave(t.Context()))
		require.NoError(t, all[3].Close())
		rest := append(append([]*Cluster{}, all[:3]...), all[4:]...)
		l.within(3*time.Second, "left", func() bool { return every(rest, name, Left) })
		time.Sleep(time.Minute)
		require.True(t, every(rest, name, Left), "it stays left")
	})
}

func TestWrongSuspicionIsRefuted(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(6)
		victim := all[2].cfg.Name
		all[0].accuse(victim)
		require.Equal(t, Suspect, status(all[0], victim))
		l.within(3*time.Second, "refuted", func() bool { return every(all, victim, Online) })
		time.Sleep(5 * time.Second)
		require.True(t, every(all, victim, Online))
	})
}

func TestLossMakesNobodyOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(8)
		l.net.SetLoss(0.3)
		offline := 0
		for range 3 * 60 {
			time.Sleep(time.Second)
			for _, c := range all {
				for _, m := range c.Members() {
					if m.Status.In(Offline | Left) {
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
		all := l.cluster(8)
		half := map[string]bool{}
		for _, c := range all[:4] {
			half[c.cfg.Name] = true
		}
		l.net.SetCut(func(from, to string) bool { return half[from] != half[to] })
		l.within(time.Minute, "each half sees itself", func() bool { return sees(all, Online, 4) })
		time.Sleep(5 * time.Minute) // longer than the engine remembers
		require.True(t, sees(all, Offline, 4))
		l.net.SetCut(nil)
		t.Log("healed after", l.within(time.Minute, "healed", func() bool { return sees(all, Online, 8) }))
	})
}

func TestOneWayCutBetweenTwoHarmsNobody(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(8)
		l.net.SetCut(func(from, to string) bool { return from == all[1].cfg.Name && to == all[2].cfg.Name })
		for range 120 {
			time.Sleep(time.Second)
			require.True(t, sees(all, Available, 8))
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
		took := l.within(3*time.Second, "back everywhere", func() bool {
			for _, c := range all {
				if string(c.metadataOf(cfg.Name)["run"]) != "second" {
					return false
				}
			}
			return sees(all, Online, 8)
		})
		t.Log("back everywhere after", took)
		time.Sleep(time.Minute)
		require.True(t, sees(all, Online, 8), "it stays back")
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
		l.within(time.Minute, "offline", func() bool { return every(rest, all[4].cfg.Name, Offline) })
		all[4] = l.join(l.config(4))
		l.within(5*time.Second, "back", func() bool { return sees(all, Online, 6) })
	})
}

func TestChangedAddressIsLetInOnceTheOldIsOffline(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(5)
		require.NoError(t, all[4].Close())
		cfg := l.config(4)
		cfg.Transport = l.net.Transport(address(77))
		all[4] = l.join(cfg)
		l.within(time.Minute, "let in", func() bool {
			for _, c := range all {
				for _, m := range c.Members() {
					if m.Name == cfg.Name && (m.Addr != address(77) || m.Status != Online) {
						return false
					}
				}
			}
			return sees(all, Online, 5)
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
		require.True(t, sees(all, Online, 4), "the owner of the name keeps it")
	})
}

func TestMembersStartInAnyOrder(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		one := l.config(1) // its peer does not run yet
		first := l.join(one)
		require.True(t, sees([]*Cluster{first}, Any, 1))
		second := l.join(l.config(0))
		l.within(5*time.Second, "found", func() bool { return sees([]*Cluster{first, second}, Online, 2) })
	})
}

func TestIslandsThatStartedBeforeTheirPeersMeet(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		two := l.config(2)
		two.Peers = []string{address(1)} // which does not run yet
		three := l.config(3)
		three.Peers = []string{address(2)}
		all := []*Cluster{l.join(two), l.join(three)}
		one := l.config(1)
		one.Peers = nil
		all = append(all, l.join(one))
		l.within(30*time.Second, "one cluster", func() bool { return sees(all, Online, 3) })
	})
}

func TestMetadataReachesEverybody(t *testing.T) {
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
				value := make([]byte, c.size)
				value[0] = 1
				for round := range 3 {
					value[0]++
					from := all[round]
					require.NoError(t, from.SetMetadata(map[string][]byte{"v": value}))
					t.Log("everywhere after", l.within(10*time.Second, "everywhere", func() bool {
						for _, c := range all {
							got := c.metadataOf(from.cfg.Name)["v"]
							if len(got) != len(value) || got[0] != value[0] {
								return false
							}
						}
						return true
					}))
				}
			})
		})
	}
}

func TestObserverIsNoCandidate(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(3)
		cfg := l.config(9)
		cfg.Observer = true
		watcher := l.join(cfg)
		l.within(5*time.Second, "seen", func() bool { return sees(all, Online, 4) })
		for _, c := range append(all, watcher) {
			nodes, err := c.Nodes(t.Context())
			require.NoError(t, err)
			require.Len(t, nodes, 3)
		}
		require.NoError(t, watcher.Leave(t.Context()))
		require.NoError(t, watcher.Close())
		l.within(time.Minute, "forgotten", func() bool { return sees(all, Any, 3) })
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
		l.within(10*time.Second, "all see all", func() bool { return sees(all, Online, 5) })
		for _, secrets := range [][]Secret{{old, next}, {next, old}, {next}} {
			for _, c := range all {
				require.NoError(t, c.SetSecrets(secrets...))
				time.Sleep(2 * time.Second)
				require.True(t, sees(all, Online, 5))
			}
		}
		cfg := l.config(5)
		cfg.Secrets, cfg.MustJoin = []Secret{old}, true
		_, err := Join(t.Context(), cfg)
		require.ErrorIs(t, err, ErrNoPeer, "the old secret is worth nothing")
		cfg = l.config(5)
		cfg.Cluster, cfg.Secrets, cfg.MustJoin = "other", []Secret{next}, true
		_, err = Join(t.Context(), cfg)
		require.ErrorIs(t, err, ErrNoPeer, "another label is another cluster")
		require.True(t, sees(all, Any, 5))
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
