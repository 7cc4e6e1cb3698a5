package swim

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// These tests use sockets on loopback. Tests that need none run in virtual time,
// in cluster_test.go.

func loopback(name string, peers ...string) Config {
	return Config{Name: name, Bind: "127.0.0.1:0", Peers: peers, Timing: Local(), Log: quiet()}
}

func start1(t testing.TB, cfg Config) *Cluster {
	t.Helper()
	c, err := Join(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "not within a minute: %s", what)
	}
}

func TestMain(m *testing.M) { leaktest.Main(m) }

// publisher starts and stops members so that the cluster has the nodes that the
// suite publishes.
type publisher struct {
	seed    string
	running map[string]*Cluster
	nodes   map[string]mapper.Node
}

func (p *publisher) publish(t testing.TB, nodes []mapper.Node) {
	t.Helper()
	want := map[string]mapper.Node{}
	for _, n := range nodes {
		want[n.Name] = n
	}
	for name, c := range p.running {
		if n, still := want[name]; !still || !n.Equal(p.nodes[name]) {
			require.NoError(t, c.Leave(t.Context()))
			require.NoError(t, c.Close())
			delete(p.running, name)
		}
	}
	for name, n := range want {
		if p.running[name] == nil {
			cfg := loopback(name, p.seed)
			cfg.Metadata = describe(n)
			p.running[name] = start1(t, cfg)
			p.nodes[name] = n
		}
	}
}

// describe returns the metadata of a member that is the node.
func describe(n mapper.Node) map[string][]byte {
	m := map[string][]byte{KeyAddr: []byte(n.Addr), KeyZone: []byte(n.Zone), KeyTags: []byte(strings.Join(n.Tags, ","))}
	if n.Weight != 0 {
		m[KeyWeight] = fmt.Append(nil, n.Weight)
	}
	for k, v := range n.Meta {
		m[k] = []byte(v)
	}
	return m
}

func TestConformance(t *testing.T) {
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		cfg := loopback("watcher")
		cfg.Observer = true
		watcher := start1(t, cfg)
		p := publisher{seed: watcher.Local().Addr, running: map[string]*Cluster{}, nodes: map[string]mapper.Node{}}
		return mappertest.Source{
			Mapper:  watcher,
			Publish: p.publish,
			Settle:  time.Minute,
		}
	})
}

func TestWatchYieldsErrClosedOnce(t *testing.T) {
	t.Parallel()
	c := start1(t, loopback("a"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errs []error
	for u := range c.Watch(ctx) {
		errs = append(errs, u.Err)
		if u.Err == nil {
			require.Len(t, u.Nodes, 1)
			require.NoError(t, c.Close())
			continue
		}
		cancel()
	}
	require.Equal(t, []error{nil, ErrClosed}, errs)
	_, err := c.Nodes(t.Context())
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, c.SetMetadata(nil), ErrClosed)
	require.ErrorIs(t, c.Leave(t.Context()), ErrClosed)
	require.NoError(t, c.Close(), "closing again does nothing")
	for u := range c.Watch(t.Context()) {
		require.ErrorIs(t, u.Err, ErrClosed, "a later Watch yields no nodes")
		require.Empty(t, u.Nodes)
		break
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	cases := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no name", func(c *Config) { c.Name = "" }, "needs a name"},
		{"a path as a name", func(c *Config) { c.Name = "../x" }, "starts with a dot"},
		{"nowhere to listen", func(c *Config) { c.Bind = "" }, "cannot tell where to listen"},
		{"a used port", func(c *Config) { c.Bind = taken.Addr().String() }, "address already in use"},
		{"all interfaces without a secret", func(c *Config) { c.Bind = "0.0.0.0:0" }, "without a secret"},
		{"a host to bind", func(c *Config) { c.Bind = "localhost:0" }, "must be an IP address"},
		{"a peer that is no address", func(c *Config) { c.Peers = []string{"a:b:c"} }, `peer "a:b:c"`},
		{"a peer's port", func(c *Config) { c.Peers = []string{"a:99999"} }, "65535"},
		{"an unknown peer", func(c *Config) { c.Peers = []string{"no..such.host:1"} }, "no..such.host"},
		{"no peer needed", func(c *Config) { c.MustJoin = true }, "no peer is configured"},
		{"no peer there", func(c *Config) { c.MustJoin, c.Peers = true, []string{"127.0.0.1:1"} }, "no peer could be joined"},
		{"large metadata", func(c *Config) { c.Metadata = map[string][]byte{"k": make([]byte, MaxValue+1)} }, "65537 bytes"},
		{"a misconfigured memberlist", func(c *Config) { c.Tune = func(m *memberlist.Config) { m.ProtocolVersion = 99 } }, "cannot start the member"},
		{"Tune that changes the transport", func(c *Config) { c.Tune = func(m *memberlist.Config) { m.Transport = nil } }, "Tune must not change"},
		{"Tune that changes a delegate", func(c *Config) { c.Tune = func(m *memberlist.Config) { m.Events = nil } }, "Tune must not change"},
		{"an empty secret", func(c *Config) { c.Bind, c.Secrets = "0.0.0.0:0", []Secret{{}} }, "one of the secrets is empty"},
		{"a timing in nanoseconds", func(c *Config) { c.Timing = LAN(); c.Timing.Settle = 3 }, "a millisecond or more"},
		{"half a timing", func(c *Config) { c.Timing = Timing{Probe: 1} }, "start with LAN"},
		{"a generation without a successor", func(c *Config) { c.Generation = members.MaxGeneration }, "too large"},
		{"a long label", func(c *Config) { c.Label = strings.Repeat("x", 256) }, "256 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := loopback("a")
			c.change(&cfg)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := Join(ctx, cfg)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestJoinWrapsItsErrors(t *testing.T) {
	t.Parallel()
	cfg := loopback("a")
	cfg.Bind = "0.0.0.0:0"
	_, err := Join(t.Context(), cfg)
	require.ErrorIs(t, err, ErrNoSecret)

	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, tcp.Close()) }()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, udp.Close()) }()
	for _, taken := range []net.Addr{tcp.Addr(), udp.LocalAddr()} {
		cfg.Bind = taken.String()
		_, err := Join(t.Context(), cfg)
		require.ErrorIs(t, err, syscall.EADDRINUSE, taken.Network())
		require.ErrorContains(t, err, "cannot listen on "+cfg.Bind)
	}
}

func TestNameIsTheAddressToListen(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprint("127.0.0.1:", freeport.Take(t))
	cfg := loopback(addr)
	cfg.Bind = ""
	c := start1(t, cfg)
	require.Equal(t, addr, c.Local().Addr)
}

func TestGarbageIsDroppedWithFewLogLines(t *testing.T) {
	t.Parallel()
	var out logbuf.Buffer
	secret, err := NewSecret([]byte("canary-0123456789"))
	require.NoError(t, err)
	start := time.Now()
	for _, secrets := range [][]Secret{nil, {secret}} {
		cfg := loopback(fmt.Sprint("a", len(secrets)))
		cfg.Secrets = secrets
		cfg.Log = slog.New(slog.NewTextHandler(&out, nil))
		c := start1(t, cfg)
		logged := strings.Count(out.String(), "\n")
		conn, err := net.Dial("udp", c.Local().Addr)
		require.NoError(t, err)
		draw := rand.New(rand.NewPCG(1, 2))
		for i := range 20_000 {
			packet := make([]byte, draw.IntN(64)+1)
			for j := range packet {
				packet[j] = byte(draw.Uint32())
			}
			packet[0] = byte(i % 16)
			_, _ = conn.Write(packet)
		}
		require.NoError(t, conn.Close())
		eventually(t, "the garbage is logged", func() bool { return strings.Count(out.String(), "\n") > logged })
		require.Equal(t, StatusOnline, c.Local().Status)
	}
	most := 2 * (warningBurst + int(time.Since(start)/warningEvery) + 1)
	require.LessOrEqual(t, strings.Count(out.String(), "\n"), most, "%s", out.String())
	require.NotContains(t, out.String(), "canary")
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	a := start1(t, loopback("a"))
	b := start1(t, loopback("b", a.Local().Addr))
	before := runtime.NumGoroutine()
	var idle []net.Conn
	for range 600 {
		conn, err := net.Dial("tcp", a.Local().Addr)
		if err == nil {
			idle = append(idle, conn)
		}
	}
	require.NoError(t, b.SetMetadata(map[string][]byte{"k": bytes.Repeat([]byte("x"), 9999)}))
	eventually(t, "a stream gets through", func() bool { return len(a.metadataOf("b")["k"]) == 9999 })
	eventually(t, "no member is suspect", func() bool { return sees([]*Cluster{a, b}, StatusOnline, 2) })
	for _, conn := range idle {
		_ = conn.Close()
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() < before+40 })
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	s, err := NewSecret([]byte("canary-0123456789\n"))
	require.NoError(t, err)
	text, err := s.MarshalText()
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s", s, s, s, s), string(text), s.LogValue().String(), fmt.Sprintf("%+v", Config{Secrets: []Secret{s}})} {
		require.NotContains(t, shown, "canary")
		require.Contains(t, shown, redacted)
	}
	same, err := NewSecret([]byte("canary-0123456789"))
	require.NoError(t, err)
	require.Equal(t, s, same, "a line end is no part of it")
	_, err = NewSecret([]byte("\n"))
	require.Error(t, err)
	two, err := ParseSecrets([]byte("the new secret 16\n\nthe old secret 16\n"))
	require.NoError(t, err)
	require.Len(t, two, 2)
	require.Error(t, start1(t, loopback("a")).SetSecrets(s), "a member without a secret cannot get one")
	cfg := loopback("b")
	cfg.Secrets = two
	c := start1(t, cfg)
	require.ErrorContains(t, c.SetSecrets(), "at least one")
	require.ErrorContains(t, c.SetSecrets(s, Secret{}), "empty")
	require.Len(t, c.keyring.GetKeys(), 2, "a refusal changes nothing")
}

func TestSecretsAndPlaintextDoNotMix(t *testing.T) {
	t.Parallel()
	secret, err := NewSecret([]byte("0123456789abcdef"))
	require.NoError(t, err)
	cfg := loopback("a")
	cfg.Secrets = []Secret{secret}
	a := start1(t, cfg)
	plain := loopback("b", a.Local().Addr)
	plain.MustJoin = true
	_, err = Join(t.Context(), plain)
	require.ErrorIs(t, err, ErrNoPeer)
	require.Len(t, a.Members(), 1)
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ONLINE|SUSPECT", StatusAvailable.String())
	require.Equal(t, "UNKNOWN", Status(0).String())
	for _, text := range []string{"online", "OFFLINE", "Suspect", "left", "available", "unavailable", "any"} {
		s, err := ParseStatus(text)
		require.NoError(t, err)
		require.NotZero(t, s)
	}
	text, err := (StatusLeft | StatusOffline).MarshalText()
	require.NoError(t, err)
	require.Equal(t, "OFFLINE|LEFT", string(text))
	_, err = ParseStatus("dead")
	require.ErrorContains(t, err, `"dead"`)
}

func TestNodeOfMetadata(t *testing.T) {
	t.Parallel()
	n := Member{Name: "a", Addr: "h:1", Metadata: map[string][]byte{
		"addr": []byte("h:80"), "weight": []byte("2.5"), "zone": []byte("z"), "domain": []byte("eu/z"), "tags": []byte("x, y"), "drain": []byte("true"),
		"rack": []byte("r1"), "binary": {0xff},
	}}.Node()
	require.Equal(t, mapper.Node{Name: "a", Addr: "h:80", Weight: 2.5, Zone: "z", Domain: "eu/z", Tags: []string{"x", "y"}, Drain: true, Meta: map[string]string{"rack": "r1"}}, n)
	for _, bad := range []string{"-1", "NaN", "Inf", "0", "1e300", "x", ""} {
		require.Zero(t, weight(bad), bad)
	}
}

func TestEventsStartWithEveryMember(t *testing.T) {
	t.Parallel()
	a := start1(t, loopback("a"))
	b := start1(t, loopback("b", a.Local().Addr))
	require.NoError(t, b.SetMetadata(map[string][]byte{"k": []byte("v")}))
	seen := map[string]bool{}
	for e := range a.Events(t.Context()) {
		seen[e.Member.Name+string(e.Member.Metadata["k"])] = true
		if seen["a"] && seen["bv"] {
			break
		}
	}
	require.NoError(t, a.Close())
	for range a.Events(t.Context()) {
		continue // until it ends
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	a := start1(t, loopback("a"))
	start1(t, loopback("b", a.Local().Addr))
	start1(t, loopback("c", a.Local().Addr))
	eventually(t, "three", func() bool { return len(a.Find(-1, StatusOnline)) == 2 })
	require.Len(t, a.Find(1, StatusAvailable), 1)
	require.Empty(t, a.Find(9, StatusOffline))
	require.Equal(t, "c", a.Find(9, StatusAny, "b")[0].Name)
}
