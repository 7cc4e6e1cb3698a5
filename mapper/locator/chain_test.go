package locator

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// tally counts how often a call has added each node.
type tally struct {
	mu    sync.Mutex
	added map[string]int
}

func (c *tally) hook(_ context.Context, n mapper.Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.added == nil {
		c.added = map[string]int{}
	}
	c.added[n.Name]++
}

func (c *tally) of(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.added[name]
}

// legacyPeer behaves like a node of 2009: it has no later methods, and listens on a
// port that its wire can hold. It records the nodes that joined.
type legacyPeer struct {
	*recorder
	self   mapper.Node
	mu     sync.Mutex
	joined []*wire.Location
}

func (o *legacyPeer) GetAll(context.Context) ([]*wire.Location, error) {
	return []*wire.Location{locationOf(o.self)}, nil
}

func (o *legacyPeer) Add(_ context.Context, l *wire.Location, by []*wire.Location) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.joined = append(o.joined, l)
	return nil
}

func (o *legacyPeer) Join(ctx context.Context, l *wire.Location) error { return o.Add(ctx, l, nil) }

func (o *legacyPeer) locations() []*wire.Location {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.joined
}

func startLegacyPeer(t *testing.T, port int) *legacyPeer {
	t.Helper()
	o := &legacyPeer{recorder: &recorder{}}
	processor := wire.NewLocatorProcessor(o)
	delete(processor.ProcessorMap(), "get_all_wide")
	delete(processor.ProcessorMap(), "get_node_wide")
	s, err := Listen(t.Context(), Config{Port: port, Refresh: -1, Log: testLog(t)})
	require.NoError(t, err)
	o.self = s.Self()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, processor) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-done) })
	return o
}

func TestWidePorts(t *testing.T) {
	t.Parallel()
	o := startLegacyPeer(t, freeport.Take(t))
	ours := start(t, Config{Port: freeport.Take(t), Peer: o.self.Addr, Refresh: -1})
	eventually(t, func() bool { return len(o.locations()) == 1 })
	other := start(t, Config{Port: freeport.Take(t), Peer: ours.Self().Addr, Refresh: -1})
	eventually(t, func() bool { return len(o.locations()) == 2 })

	wide, err := listenWide(t, Config{Peer: ours.Self().Addr, Refresh: -1, Algorithm: byHash, Log: testLog(t)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- wide.Serve(ctx, nil) }()
	for _, s := range []running{ours, other} {
		eventually(t, func() bool { return len(s.members.load().nodes) == 4 })
		all, err := s.GetAll(ctx)
		require.NoError(t, err)
		assert.Len(t, all, 3, "get_all omits a wide port")
		for _, l := range all {
			assert.Positive(t, l.GetPort())
		}
		for key := range 50 {
			owner, err := s.GetNode(ctx, strconv.Itoa(key))
			require.NoError(t, err)
			assert.Positive(t, owner.GetPort())
		}
	}
	cancel()
	require.NoError(t, <-done)
	assert.Len(t, o.locations(), 2, "the legacy peer never receives the wide port")
	assert.True(t, ours.members.load().has(o.self.Name), "the legacy peer stays a member")
}

// listenWide listens at a port that the wire of 2009 cannot hold.
func listenWide(t *testing.T, cfg Config) (*Server, error) {
	for {
		cfg.Port = 40000 + rand.N(20000)
		if s, err := Listen(t.Context(), cfg); !errors.Is(err, ErrAddressInUse) {
			return s, err
		}
	}
}

func TestWidePortCannotJoinLegacyNetwork(t *testing.T) {
	t.Parallel()
	o := startLegacyPeer(t, freeport.Take(t))
	s, err := listenWide(t, Config{Peer: o.self.Addr})
	require.NoError(t, err)
	err = s.Serve(t.Context(), nil)
	require.ErrorContains(t, err, "the peer is of 2009")
	assert.Empty(t, o.locations())
}

func TestLegacyRefusesWidePorts(t *testing.T) {
	t.Parallel()
	_, err := listenWide(t, Config{Legacy: true})
	require.ErrorContains(t, err, "a network of 2009 allows ports up to 32767")
}

// A chain ends, whatever the authorities of a forged call are.
func TestForgedChainsEnd(t *testing.T) {
	t.Parallel()
	var count tally
	a := start(t, Config{Added: count.hook, Refresh: -1})
	b := start(t, Config{Peer: a.Self().Addr, Added: count.hook, Refresh: -1})
	agree(t, a, b)
	c := start(t, Config{Peer: a.Self().Addr, Added: count.hook, Refresh: -1})
	agree(t, a, b, c)
	ghost := newNode("127.0.0.1", 1)
	for _, s := range []running{a, b, c} {
		require.NoError(t, s.Client(s.Self()).Add(t.Context(), ghost, nil))
	}
	eventually(t, func() bool { return count.of(ghost.Name) == 9 })
	quiesce(t, a, b, c)
	assert.Equal(t, 9, count.of(ghost.Name), "three chains of three nodes")

	require.NoError(t, a.Client(b.Self()).Remove(t.Context(), ghost, nil))
	agree(t, a, b, c)
}

// A node that others know by a second name receives a change at most once more.
func TestChainStopsAtAuthority(t *testing.T) {
	t.Parallel()
	a := start(t, Config{Refresh: -1})
	alias := newNode("localhost", a.listener.Addr().(*net.TCPAddr).AddrPort().Port())
	b := start(t, Config{Peer: alias.Addr, Refresh: -1})
	agree(t, a, b)
	_, err := a.members.add(alias)
	require.NoError(t, err)
	var count tally
	a.cfg.Added, b.cfg.Added = count.hook, count.hook
	ghost := newNode("127.0.0.1", 1)
	require.NoError(t, b.Client(b.Self()).Add(t.Context(), ghost, nil))
	eventually(t, func() bool { return count.of(ghost.Name) == 3 })
	quiesce(t, a, b)
	assert.Equal(t, 3, count.of(ghost.Name))
}

func TestForgedCallsAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t, Config{Refresh: -1})
	b := start(t, Config{Peer: a.Self().Addr, Refresh: -1})
	agree(t, a, b)
	c := NewClient(a.Self().Addr, CallConfig{})
	many := make([]mapper.Node, maxAuthorities)
	for i := range many {
		many[i] = newNode("127.0.0.1", uint16(i+1))
	}
	elsewhere := newNode("192.0.2.1", 80)
	ctx := t.Context()
	require.NoError(t, c.Join(ctx, elsewhere), "one-way: no reply")
	require.NoError(t, c.Add(ctx, elsewhere, nil))
	require.NoError(t, c.Add(ctx, newNode("127.0.0.1", 1), many))
	require.NoError(t, c.Remove(ctx, a.Self(), nil))
	require.NoError(t, c.Join(ctx, a.Self()))
	require.NoError(t, c.Die(ctx))
	require.NoError(t, c.Debug(ctx))
	require.NoError(t, c.wire().Join(ctx, &wire.Location{Address: "a b", Port: 80}))
	require.NoError(t, c.wire().Join(ctx, &wire.Location{Address: "127.0.0.1", Port: 0}))
	quiesce(t, a, b)
	agree(t, a, b)
}

func TestDieAndDebugEnabled(t *testing.T) {
	t.Parallel()
	s, err := Listen(t.Context(), Config{AllowDie: true, AllowDebug: true, Log: testLog(t)})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.WithoutCancel(t.Context()), nil) }()
	c := NewClient(s.Self().Addr, CallConfig{})
	require.NoError(t, c.Debug(t.Context()))
	require.NoError(t, c.Die(t.Context()))
	require.NoError(t, <-done)
}

// A node that crashed is removed by each node that fails to reach it.
func TestUnreachableIsRemoved(t *testing.T) {
	t.Parallel()
	a := start(t, Config{Refresh: -1})
	b := start(t, Config{Peer: a.Self().Addr, Refresh: -1})
	agree(t, a, b)
	ghost := newNode("127.0.0.1", 1)
	for _, s := range []running{a, b} {
		_, err := s.members.add(ghost)
		require.NoError(t, err)
	}
	c := start(t, Config{Peer: a.Self().Addr, Refresh: 20 * time.Millisecond})
	eventually(t, func() bool { return !a.members.load().has(ghost.Name) }, "a calls it to forward the join of c")
	eventually(t, func() bool { return !c.members.load().has(ghost.Name) }, "c finds it in the list of another member")
}

// Lists that differ after a lost call converge.
func TestRefreshRepairs(t *testing.T) {
	t.Parallel()
	a := start(t, Config{Refresh: 20 * time.Millisecond})
	b := start(t, Config{Peer: a.Self().Addr, Refresh: 20 * time.Millisecond})
	agree(t, a, b)
	c := start(t, Config{Peer: a.Self().Addr, Refresh: 20 * time.Millisecond})
	agree(t, a, b, c)
	_, err := a.members.remove(c.Self().Name)
	require.NoError(t, err)
	_, err = b.members.remove(c.Self().Name)
	require.NoError(t, err)
	agree(t, a, b, c)
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Refresh: -1, Limits: ServerLimits{Conns: 8}, Call: CallConfig{Limits: Limits{Idle: 100 * time.Millisecond}}})
	for range 64 {
		conn, err := net.Dial("tcp", s.Self().Addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
	}
	c := NewClient(s.Self().Addr, CallConfig{})
	eventually(t, func() bool { return c.Ping(t.Context()) == nil }, "idle connections are closed")
	assert.LessOrEqual(t, s.limiter.Len(), 8)
}

func TestKeptConnectionAfterRestart(t *testing.T) {
	t.Parallel()
	port := freeport.Take(t)
	s := start(t, Config{Port: port, Refresh: -1})
	c := NewClient(s.Self().Addr, CallConfig{Keep: 2})
	defer func() { require.NoError(t, c.Close()) }()
	require.NoError(t, c.Ping(t.Context()))
	require.Len(t, c.idle, 1)
	s.stop()
	start(t, Config{Port: port, Refresh: -1})
	require.NoError(t, c.Ping(t.Context()), "the call is made again on a new connection")
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Refresh: -1})
	_, err := Listen(t.Context(), Config{Port: s.listener.Addr().(*net.TCPAddr).Port})
	require.ErrorIs(t, err, ErrAddressInUse)
}

func TestNoPeer(t *testing.T) {
	t.Parallel()
	s, err := Listen(t.Context(), Config{Peer: "127.0.0.1:1"})
	require.NoError(t, err)
	require.ErrorIs(t, s.Serve(t.Context(), nil), ErrNoPeer)
}
