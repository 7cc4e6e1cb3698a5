package node

import (
	"context"
	"errors"
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
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/mapper"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// town is a cluster in one process. News of members reaches each after a lag of
// its own, and a node can be made to fall silent.
type town struct {
	t        *testing.T
	lag      time.Duration
	repair   time.Duration
	replicas int

	mu      sync.Mutex
	skew    map[string]time.Duration // of the clock of a node
	members map[string]mapper.Node
	news    chan struct{} // closed at the next change
	nodes   map[string]*Node
	silent  map[string]bool
	stops   map[string]func()
}

func newTown(t *testing.T, replicas int) *town {
	return &town{
		t: t, lag: 30 * time.Millisecond, repair: 100 * time.Millisecond, replicas: replicas,
		members: map[string]mapper.Node{}, news: make(chan struct{}), skew: map[string]time.Duration{},
		nodes: map[string]*Node{}, silent: map[string]bool{}, stops: map[string]func(){},
	}
}

// patience bounds what takes a moment on a machine that has nothing else to do.
const patience = time.Minute

// now is the time of day as a node sees it.
func (w *town) now(name string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.skew[name])
}

// silence makes nodes fall silent, and others answer again, at one moment.
func (w *town) silence(silent []string, others ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range silent {
		w.silent[name] = true
	}
	for _, name := range others {
		delete(w.silent, name)
	}
}

// change changes the members and tells everybody.
func (w *town) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	close(w.news)
	w.news = make(chan struct{})
}

func (w *town) look() ([]mapper.Node, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.members)), w.news
}

// citizen is a node's place in the town.
type citizen struct {
	*town
	name, zone string
}

func (c citizen) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		for {
			members, news := c.look()
			if !yield(mapper.Update{Nodes: members}) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-news:
			}
			if sleep(ctx, rand.N(c.lag)) != nil {
				return
			}
		}
	}
}

func (c citizen) SetState(_ context.Context, state State) error {
	if c.isSilent(c.name) {
		return errSilent
	}
	c.change(func() {
		c.members[c.name] = mapper.Node{Name: c.name, Zone: c.zone, Meta: map[string]string{StateKey: string(state)}}
	})
	return nil
}

func (c citizen) Leave(context.Context) error {
	if c.isSilent(c.name) {
		return errSilent
	}
	c.change(func() { delete(c.members, c.name) })
	return nil
}

// road leads from a node to another, unless one of them is silent.
type road struct {
	town     *town
	from, to string
}

var errSilent = errors.New("no answer")

func (r road) node() (*Node, error) {
	r.town.mu.Lock()
	defer r.town.mu.Unlock()
	if n := r.town.nodes[r.to]; n != nil && !r.town.silent[r.to] && !r.town.silent[r.from] {
		return n, nil
	}
	return nil, errSilent
}

func via[T any](r road, f func(*Node) (T, error)) (none T, err error) {
	n, err := r.node()
	if err != nil {
		return none, err
	}
	return f(n)
}

func (r road) View(ctx context.Context) (map[string]State, error) {
	return via(r, func(n *Node) (map[string]State, error) { return n.View(ctx) })
}

func (r road) Keep(ctx context.Context, entries []kv.Entry) error {
	_, err := via(r, func(n *Node) (any, error) { return nil, n.Keep(ctx, entries) })
	return err
}

func (r road) Fetch(ctx context.Context, keys []string) ([]kv.Entry, error) {
	return via(r, func(n *Node) ([]kv.Entry, error) { return n.Fetch(ctx, keys) })
}

func (r road) Offer(ctx context.Context, stamps []kv.Stamp) ([]int, error) {
	return via(r, func(n *Node) ([]int, error) { return n.Offer(ctx, stamps) })
}

func (r road) Held(ctx context.Context, bucket int, owner string) ([]kv.Stamp, error) {
	return via(r, func(n *Node) ([]kv.Stamp, error) { return n.Held(ctx, bucket, owner) })
}

func (r road) Sums(ctx context.Context, other string) ([]uint64, error) {
	return via(r, func(n *Node) ([]uint64, error) { return n.Sums(ctx, other) })
}

func (w *town) isSilent(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silent[name]
}

// enter starts a node and waits until it serves.
func (w *town) enter(name, zone string) *Node {
	w.t.Helper()
	return w.enterWith(name, zone, kv.NewMemory())
}

func (w *town) enterWith(name, zone string, engine kv.Engine) *Node {
	w.t.Helper()
	members, _ := w.look()
	n, err := New(Config{
		Self: name, Replicas: w.replicas, Engine: engine,
		Cluster: citizen{w, name, zone}, Dial: func(to string) Peer { return road{w, name, to} }, Found: len(members) == 0,
		Call: time.Second, Settle: 200 * time.Millisecond, Repair: w.repair,
		Log: slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	require.NoError(w.t, err)
	n.clock.Now = func() time.Time { return w.now(name) }
	w.t.Cleanup(n.Close) // after all requests of the test
	w.mu.Lock()
	w.nodes[name] = n
	delete(w.silent, name)
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; !w.isSilent(name) {
			assert.NoError(w.t, err)
		}
		w.mu.Lock()
		delete(w.nodes, name)
		w.mu.Unlock()
	})
	w.mu.Lock()
	w.stops[name] = stop
	w.mu.Unlock()
	w.t.Cleanup(stop)
	require.Eventually(w.t, func() bool { return n.known.Load().state(name) == Serving }, patience, time.Millisecond)
	return n
}

// leave makes a node leave in order.
func (w *town) leave(name string) {
	w.mu.Lock()
	stop := w.stops[name]
	w.mu.Unlock()
	stop()
}

// die makes nodes fall silent for ever, and some time later the others notice.
func (w *town) die(names ...string) {
	w.mu.Lock()
	var stops []func()
	for _, name := range names {
		w.silent[name] = true
		delete(w.nodes, name)
		stops = append(stops, w.stops[name])
	}
	w.mu.Unlock()
	for _, stop := range stops {
		stop() // nobody hears of it
	}
	time.Sleep(50 * time.Millisecond)
	for _, name := range names {
		w.change(func() { delete(w.members, name) })
	}
}

// any returns some node that answers.
func (w *town) any() *Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, n := range w.nodes {
		if !w.silent[name] {
			return n
		}
	}
	return nil
}
