package node

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/mapper"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// testCluster is a cluster in one process, in the virtual time of a bubble. Each
// node learns of changes of membership after a lag of its own, and can be made
// silent: it then neither answers nor reaches others.
type testCluster struct {
	t        *testing.T
	lag      time.Duration
	repair   time.Duration
	replicas int
	log      io.Writer // of the nodes

	mu      sync.Mutex
	skew    map[string]time.Duration // of the clock of a node
	members map[string]mapper.Node
	changed chan struct{} // closed at the next change
	nodes   map[string]*Node
	silent  map[string]bool
	hung    map[string]bool // does not reply before a call times out
	alone   map[string]bool // sees no other member
	stops   map[string]func()
}

func newTestCluster(t *testing.T, replicas int) *testCluster {
	return &testCluster{
		t: t, lag: 30 * time.Millisecond, repair: 100 * time.Millisecond, replicas: replicas,
		members: map[string]mapper.Node{}, changed: make(chan struct{}), skew: map[string]time.Duration{}, log: t.Output(),
		nodes: map[string]*Node{}, silent: map[string]bool{}, hung: map[string]bool{}, alone: map[string]bool{}, stops: map[string]func(){},
	}
}

const (
	patience = time.Minute
	settle   = 200 * time.Millisecond
	latency  = time.Millisecond // of a call, at most
)

// now returns the wall clock time of a node.
func (tc *testCluster) now(name string) time.Time {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return time.Now().Add(tc.skew[name])
}

// setSkew changes the clock of a node.
func (tc *testCluster) setSkew(name string, skew time.Duration) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	tc.skew[name] = skew
}

// silence makes nodes silent, and has others answer again, at one moment.
func (tc *testCluster) silence(silent []string, others ...string) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	for _, name := range silent {
		tc.silent[name] = true
	}
	for _, name := range others {
		delete(tc.silent, name)
	}
}

// hang has nodes reply to no call until it is called without them.
func (tc *testCluster) hang(names ...string) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	clear(tc.hung)
	for _, name := range names {
		tc.hung[name] = true
	}
}

func (tc *testCluster) isSilent(name string) bool {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return tc.silent[name]
}

// change changes the members and notifies the nodes.
func (tc *testCluster) change(f func()) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	f()
	close(tc.changed)
	tc.changed = make(chan struct{})
}

func (tc *testCluster) snapshot() ([]mapper.Node, <-chan struct{}) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return slices.Collect(maps.Values(tc.members)), tc.changed
}

// cutOff makes a node silent, and it loses sight of all others. reconnect ends that.
func (tc *testCluster) cutOff(name string) {
	tc.silence([]string{name})
	tc.change(func() { tc.alone[name] = true })
}

func (tc *testCluster) reconnect(name string) {
	tc.silence(nil, name)
	tc.change(func() { delete(tc.alone, name) })
}

// membership is the Cluster of one node.
type membership struct {
	*testCluster
	name, zone string
}

// sees returns the members that this one sees.
func (m membership) sees() ([]mapper.Node, <-chan struct{}) {
	members, changed := m.snapshot()
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(members, func(n mapper.Node) bool { return m.alone[m.name] && n.Name != m.name }), changed
}

func (m membership) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		for {
			members, changed := m.sees()
			if !yield(mapper.Update{Nodes: members}) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			if sleep(ctx, rand.N(m.lag)) != nil {
				return
			}
		}
	}
}

func (m membership) Nodes(context.Context) ([]mapper.Node, error) {
	members, _ := m.sees()
	return members, nil
}

func (m membership) SetState(_ context.Context, state State) error {
	if m.isSilent(m.name) {
		return errSilent
	}
	m.change(func() {
		m.members[m.name] = mapper.Node{Name: m.name, Zone: m.zone, Meta: map[string]string{StateKey: state}}
	})
	return nil
}

func (m membership) Leave(context.Context) error {
	if m.isSilent(m.name) {
		return errSilent
	}
	m.change(func() { delete(m.members, m.name) })
	return nil
}

// link is the Peer of a node at another.
type link struct {
	cluster  *testCluster
	from, to string
}

var errSilent = errors.New("no answer")

func (l link) node() (*Node, error) {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	if n := l.cluster.nodes[l.to]; n != nil && !l.cluster.silent[l.to] && !l.cluster.silent[l.from] {
		return n, nil
	}
	return nil, errSilent
}

func (l link) hangs() bool {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	return l.cluster.hung[l.to]
}

// over calls the node at the other end of a link.
func over[T any](ctx context.Context, l link, f func(*Node) (T, error)) (none T, err error) {
	if err := sleep(ctx, rand.N(latency)); err != nil {
		return none, err
	}
	n, err := l.node()
	if err != nil {
		return none, err
	}
	if l.hangs() {
		<-ctx.Done()
		return none, ctx.Err()
	}
	return f(n)
}

func (l link) View(ctx context.Context) (View, error) {
	return over(ctx, l, func(n *Node) (View, error) { return n.View(ctx) })
}

func (l link) Keep(ctx context.Context, entries []kv.Entry) ([]kv.Version, error) {
	return over(ctx, l, func(n *Node) ([]kv.Version, error) { return n.Keep(ctx, entries) })
}

func (l link) Fetch(ctx context.Context, keys []string) ([]kv.Entry, error) {
	return over(ctx, l, func(n *Node) ([]kv.Entry, error) { return n.Fetch(ctx, keys) })
}

func (l link) Versions(ctx context.Context, bucket int, owner, after string) ([]kv.Version, error) {
	return over(ctx, l, func(n *Node) ([]kv.Version, error) { return n.Versions(ctx, bucket, owner, after) })
}

func (l link) Digests(ctx context.Context, other string) ([]uint64, error) {
	return over(ctx, l, func(n *Node) ([]uint64, error) { return n.Digests(ctx, other) })
}

// start starts a node and waits until it serves.
func (tc *testCluster) start(name, zone string) *Node {
	tc.t.Helper()
	return tc.startWith(name, zone, kv.NewMemory())
}

func (tc *testCluster) startWith(name, zone string, engine kv.Engine) *Node {
	tc.t.Helper()
	members, _ := tc.snapshot()
	n := tc.launch(name, zone, engine, len(members) == 0)
	tc.awaitServing(n)
	return n
}

// restart starts nodes at once that all know each other.
func (tc *testCluster) restart(engines map[string]kv.Engine) {
	tc.t.Helper()
	var nodes []*Node
	for name, engine := range engines {
		nodes = append(nodes, tc.launch(name, "", engine, false))
	}
	for _, n := range nodes {
		tc.awaitServing(n)
	}
}

func (tc *testCluster) awaitServing(n *Node) {
	tc.t.Helper()
	require.Eventually(tc.t, func() bool { return n.current().state(n.cfg.Self) == StateServing }, patience, time.Millisecond)
}

// launch starts a node.
func (tc *testCluster) launch(name, zone string, engine kv.Engine, first bool) *Node {
	tc.t.Helper()
	n, err := New(context.Background(), Config{
		Self: name, Replicas: tc.replicas, Engine: engine,
		Cluster: membership{tc, name, zone}, Dial: func(to string) Peer { return link{tc, name, to} }, First: first,
		Call: time.Second, Settle: settle, Repair: tc.repair,
		Now: func() time.Time { return tc.now(name) },
		Log: slog.New(slog.NewTextHandler(tc.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	require.NoError(tc.t, err)
	tc.t.Cleanup(n.Close) // after all requests of the test
	tc.mu.Lock()
	tc.nodes[name] = n
	delete(tc.silent, name)
	tc.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; !tc.isSilent(name) {
			assert.NoError(tc.t, err)
		}
		tc.mu.Lock()
		delete(tc.nodes, name)
		tc.mu.Unlock()
	})
	tc.mu.Lock()
	tc.stops[name] = stop
	tc.mu.Unlock()
	tc.t.Cleanup(stop)
	return n
}

// settle waits until every node uses the same placement and knows that the others
// do.
func (tc *testCluster) settle() {
	tc.t.Helper()
	time.Sleep(tc.lag + settle)
}

// leave makes a node leave in order.
func (tc *testCluster) leave(name string) {
	tc.mu.Lock()
	stop := tc.stops[name]
	tc.mu.Unlock()
	stop()
}

// kill makes nodes silent for good. The others learn of it some time later.
func (tc *testCluster) kill(names ...string) {
	tc.mu.Lock()
	var stops []func()
	for _, name := range names {
		tc.silent[name] = true
		delete(tc.nodes, name)
		stops = append(stops, tc.stops[name])
	}
	tc.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
	time.Sleep(50 * time.Millisecond)
	for _, name := range names {
		tc.change(func() { delete(tc.members, name) })
	}
}

// any returns a node that answers.
func (tc *testCluster) any() *Node {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	for name, n := range tc.nodes {
		if !tc.silent[name] {
			return n
		}
	}
	return nil
}

// nodeNamed returns the running node of a name.
func (tc *testCluster) nodeNamed(name string) *Node {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return tc.nodes[name]
}
