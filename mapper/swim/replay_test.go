package swim

import (
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/faultnet"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// recorder keeps the packets of a network.
type recorder struct {
	mu  sync.Mutex
	all []faultnet.Packet
}

func record(l *lab) *recorder {
	r := &recorder{}
	l.net.Tap(func(p faultnet.Packet) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all = append(r.all, p)
	})
	return r
}

// stop ends the recording and returns it.
func (r *recorder) stop(t *testing.T, l *lab) []faultnet.Packet {
	l.net.Tap(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Greater(t, len(r.all), 100, "hardly anything was recorded")
	return slices.Clone(r.all)
}

// secretCluster joins n members that share a secret.
func secretCluster(t *testing.T, l *lab, n int) []*Cluster {
	var all []*Cluster
	for i := range n {
		all = append(all, l.join(withSecret(t, l.config(i))))
	}
	l.within("all see all", func() bool { return sees(all, StatusOnline, n) })
	return all
}

func withSecret(t *testing.T, cfg Config) Config {
	s, err := NewSecret([]byte("the shared secret"))
	require.NoError(t, err)
	cfg.Secrets = []Secret{s}
	return cfg
}

// stays asserts for ten seconds that no member is offline or left, and that the
// metadata of one of them is known everywhere.
func stays(t *testing.T, all []*Cluster, name, value string) {
	for range 500 {
		require.True(t, sees(all, StatusAvailable, len(all)))
		for _, c := range all {
			require.Equal(t, value, string(c.metadataOf(name)["k"]))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func say(t *testing.T, l *lab, all []*Cluster, from *Cluster, value string) {
	require.NoError(t, from.SetMetadata(map[string][]byte{"k": []byte(value)}))
	l.within("everywhere", func() bool {
		return !slices.ContainsFunc(all, func(c *Cluster) bool { return string(c.metadataOf(from.cfg.Name)["k"]) != value })
	})
}

// TestReplayedPacketsChangeNothing records a suspicion, metadata and a leave, and
// replays all of it to the same members after one of them has restarted.
func TestReplayedPacketsChangeNothing(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := secretCluster(t, l, 4)
		name := all[3].cfg.Name
		tape := record(l)
		say(t, l, all, all[3], "old")
		all[0].suspect(name)
		l.within("refuted", func() bool { return every(all, name, StatusOnline) })
		time.Sleep(5 * time.Second)
		require.NoError(t, all[3].Leave(t.Context()))
		require.NoError(t, all[3].Close())
		l.within("left", func() bool { return every(all[:3], name, StatusLeft) })
		packets := tape.stop(t, l)

		again := withSecret(t, l.config(3))
		again.Metadata = map[string][]byte{"k": []byte("new")}
		all[3] = l.join(again)
		l.within("back", func() bool { return sees(all, StatusOnline, 4) })
		time.Sleep(5 * time.Second)
		for range 2 {
			for _, p := range packets {
				l.net.Inject(p)
			}
			stays(t, all, name, "new")
		}
		say(t, l, all, all[3], "newer")
		for _, p := range packets {
			l.net.Inject(p)
		}
		stays(t, all, name, "newer")
		l.within("no member is suspect", func() bool { return sees(all, StatusOnline, 4) })
	})
}

// TestReflectedPacketsChangeNothing sends the packets between two members back to
// the sender, to a third member, and to a cluster with the same secret and
// another label.
func TestReflectedPacketsChangeNothing(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := secretCluster(t, l, 4)
		name := all[3].cfg.Name
		other := withSecret(t, l.config(50))
		other.Label, other.Peers = "other", nil
		stranger := l.join(other)
		tape := record(l)
		say(t, l, all, all[3], "old")
		all[0].suspect(name)
		l.within("refuted", func() bool { return every(all, name, StatusOnline) })
		time.Sleep(5 * time.Second)
		say(t, l, all, all[3], "new")
		packets := tape.stop(t, l)
		for _, p := range packets {
			for _, to := range []string{p.From, all[2].cfg.Name, other.Name} {
				l.net.Inject(faultnet.Packet{From: p.From, To: to, Data: p.Data})
				l.net.Inject(faultnet.Packet{From: p.To, To: to, Data: p.Data})
			}
		}
		stays(t, all, name, "new")
		l.within("no member is suspect", func() bool { return sees(all, StatusOnline, 4) })
		require.Len(t, stranger.Members(), 1, "another label is another cluster")
	})
}

// TestUnexpectedAckProvesNothing replays an ack that no probe waits for: it must
// not end the suspicion of a dead member.
func TestUnexpectedAckProvesNothing(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(3)
		name := all[2].cfg.Name
		require.NoError(t, all[2].Close())
		all[0].suspect(name)
		all[0].receive(members.Message{Kind: members.KindAck, Name: name, Nonce: 77})
		require.Equal(t, StatusSuspect, status(all[0], name))
		nonce, acked := all[0].acks.expect()
		all[0].receive(members.Message{Kind: members.KindAck, Name: name, Nonce: nonce})
		select {
		case <-acked:
		default:
			require.Fail(t, "an expected ack does not arrive")
		}
	})
}

// TestPacketsShowNothing looks for names and metadata in encrypted packets.
func TestPacketsShowNothing(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		tape := record(l)
		all := secretCluster(t, l, 3)
		say(t, l, all, all[1], "canary")
		time.Sleep(5 * time.Second)
		for _, p := range tape.stop(t, l) {
			require.NotContains(t, string(p.Data), "canary")
			require.NotContains(t, string(p.Data), "10.0.0.", "a name")
		}
	})
}

// TestAlteredPacketsAreDropped flips a bit in each byte of a valid packet.
func TestAlteredPacketsAreDropped(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := secretCluster(t, l, 3)
		tape := record(l)
		time.Sleep(5 * time.Second)
		before := tape.stop(t, l)
		answers := record(l)
		l.net.SetCut(func(from, to string) bool { return true }) // only what is injected arrives
		for i := range before[0].Data {
			p := faultnet.Packet{From: "10.9.9.9:1", To: before[0].To, Data: slices.Clone(before[0].Data)}
			p.Data[i] ^= 1
			l.net.Inject(p)
		}
		time.Sleep(10 * time.Millisecond)
		l.net.Tap(nil)
		for _, p := range answers.all {
			require.NotEqual(t, "10.9.9.9:1", p.To, "a stranger is answered")
		}
		require.True(t, sees(all, StatusAvailable, 3))
	})
}

// TestStrangersAreNotAnswered sends requests from an address that is not a
// member. Without a secret any host can, so an answer must not go to an address
// in the request.
func TestStrangersAreNotAnswered(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		const stranger, userMessage = "10.9.9.9:1", 8
		there := l.net.Transport(stranger)
		all := l.cluster(3)
		require.NoError(t, all[0].SetMetadata(map[string][]byte{"k": make([]byte, MaxValue)}))
		time.Sleep(time.Minute)
		name := all[0].cfg.Name
		for _, m := range []members.Message{
			{Kind: members.KindPingReq, Name: name, Nonce: 1, From: stranger},
			{Kind: members.KindPingReq, Name: all[1].cfg.Name, Nonce: 2, From: stranger},
			{Kind: members.KindPing, Name: name, Nonce: 3, From: stranger},
			{Kind: members.KindFetch, Name: name, Version: members.Version{Generation: 1, Clock: 1}, From: stranger},
			{Kind: members.KindDigest, Name: stranger, Life: members.Life{Generation: 1, Incarnation: 1}, Changes: []members.Change{{Name: name, Version: members.Version{Generation: 1 << 60, Clock: 1}}}},
		} {
			l.net.Inject(faultnet.Packet{From: stranger, To: name, Data: append([]byte{userMessage}, m.Encode()...)})
		}
		time.Sleep(20 * time.Second)
		require.Empty(t, there.PacketCh())
		require.Empty(t, there.StreamCh())
	})
}

// TestForeignMembersAreRefused has a member of plain memberlist join, and a member
// join it. Neither side holds a member of the other, whose leave it would miss.
func TestForeignMembersAreRefused(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		var log logbuf.Buffer
		cfg := l.config(0)
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		all := []*Cluster{l.join(cfg), l.join(l.config(1)), l.join(l.config(2))}
		l.within("all see all", func() bool { return sees(all, StatusOnline, 3) })
		conf := memberlist.DefaultLANConfig()
		conf.Name, conf.Transport, conf.LogOutput = "plain", l.net.Transport(address(60)), io.Discard
		plain, err := memberlist.Create(conf)
		require.NoError(t, err)
		_, err = plain.Join([]string{address(0), address(1)})
		require.ErrorContains(t, err, "delegate protocol version (100) is incompatible")
		require.Equal(t, 1, plain.NumMembers())
		synctest.Wait() // for the other side to refuse it
		require.Contains(t, log.String(), "a program there is "+ErrForeign.Error()+": failed push/pull merge: Node 'plain'")

		cfg = l.config(5)
		cfg.Peers, cfg.MustJoin = []string{address(60)}, true
		_, err = Join(t.Context(), cfg)
		require.ErrorIs(t, err, ErrNoPeer)
		require.ErrorIs(t, err, ErrForeign)
		require.ErrorContains(t, err, "not a member of package swim, as all members of a cluster must be: failed to join 10.0.0.61:7946: Node 'plain'")
		require.Equal(t, 1, plain.NumMembers())
		time.Sleep(10 * time.Second)
		for _, c := range all {
			require.Zero(t, status(c, "plain"))
		}
		require.True(t, sees(all, StatusOnline, 3))
		require.NoError(t, plain.Shutdown())
	})
}

// TestUnsafeNamesAreRefused joins with a name that this package does not allow,
// as another program can.
func TestUnsafeNamesAreRefused(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		all := l.cluster(3)
		conf := memberlist.DefaultLANConfig()
		conf.Name, conf.Transport, conf.LogOutput = "../../etc/passwd", l.net.Transport(address(60)), io.Discard
		conf.Delegate = delegate{all[0]} // announces what a member of ours does
		conf.DelegateProtocolMin, conf.DelegateProtocolVersion, conf.DelegateProtocolMax = protocolVersion, protocolVersion, protocolVersion
		evil, err := memberlist.Create(conf)
		require.NoError(t, err)
		_, err = evil.Join([]string{address(0), address(1)})
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		for _, c := range all {
			require.Empty(t, c.metadataOf(conf.Name))
			require.Zero(t, status(c, conf.Name))
		}
		require.NoError(t, evil.Shutdown())
	})
}
