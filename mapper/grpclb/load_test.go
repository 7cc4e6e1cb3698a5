package grpclb

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// TestUnderLoad kills, drains, adds and removes servers while eight goroutines call
// them, and compares every answer with the ranking.
//
// The run is a sequence of steady phases and of windows between them. In a steady
// phase a key has one right server: the first in rank order that is alive. A window
// lasts from before a change until the channel is seen to act on it, and either the
// phase before or the one after is right. A call that overlaps several phases may be
// answered as any of them says.
func TestUnderLoad(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]bool{"with retries": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoad(t, retries)
			l.run()
			l.check(retries)
		})
	}
}

// sweepKeys are the keys whose owners are compared before and after each change.
var sweepKeys = keys(150)

// phase is what is right at a time.
type phase struct {
	name   string
	window bool
	right  []func(key string) string // any of them
}

// figures are what a load test counts.
type figures struct {
	calls, inWindows, early int // early: answered in a window as the phase after it says, or before it
	elsewhere, failed, cut  int // cut: the connection broke within the answer, which gRPC never repeats
}

type load struct {
	*testing.T
	src     source
	conn    *grpc.ClientConn
	servers map[string]*server
	nodes   []mapper.Node
	dead    map[string]bool

	mu       sync.Mutex
	phases   []phase
	figures  figures
	examples []string // of wrong answers and failures

	moves []string // a line for each change
}

func newLoad(t *testing.T, retries bool) *load {
	l := &load{T: t, dead: map[string]bool{}}
	l.servers, l.nodes = fleetOf(t, 5)
	l.src.publish(l.nodes...)
	if retries {
		l.conn = dialWith(t, &l.src, retrying, interceptors...)
	} else {
		l.conn = dial(t, &l.src, `{"rendezvous": {}}`)
	}
	return l
}

// steadyTime is how long each steady phase lasts.
func steadyTime() time.Duration {
	if os.Getenv("PROXENOS_GRPC_LOAD") != "" {
		return 5 * time.Second
	}
	return 100 * time.Millisecond
}

func (l *load) run() {
	l.enter(phase{name: "start", right: []func(string) string{l.right()}})
	ctx, cancel := context.WithCancel(l.Context())
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for ctx.Err() == nil {
				l.call()
			}
		})
	}
	l.steady()
	added := start(l.T, "node-5")
	l.servers["node-5"] = added
	l.change("add node-5", "node-5", func() { l.nodes = append(l.nodes, added.node) }, l.publish)
	l.change("kill node-1", "node-1", l.die("node-1"), l.servers["node-1"].kill)
	l.change("remove node-1, dead", "", l.withdraw("node-1"), l.publish)
	l.change("start node-1 and add it", "node-1", func() {
		delete(l.dead, "node-1")
		l.nodes = append(l.nodes, l.servers["node-1"].node)
	}, func() {
		l.servers["node-1"].revive(l.T)
		l.publish()
	})
	l.change("drain node-2", "node-2", l.edit("node-2", func(n *mapper.Node) { n.Drain = true }), l.publish)
	l.change("kill node-2, drained", "", l.die("node-2"), l.servers["node-2"].kill)
	l.change("triple the weight of node-3", "node-3", l.edit("node-3", func(n *mapper.Node) { n.Weight = 3 }), l.publish)
	l.change("remove node-4, alive", "node-4", l.withdraw("node-4"), l.publish)
	l.change("kill node-0", "node-0", l.die("node-0"), l.servers["node-0"].kill)
	l.change("start node-0 again", "node-0", func() { delete(l.dead, "node-0") }, func() { l.servers["node-0"].revive(l.T) })
	cancel()
	workers.Wait()
}

func (l *load) publish() { l.src.publish(l.nodes...) }

func (l *load) die(name string) func() { return func() { l.dead[name] = true } }

func (l *load) withdraw(name string) func() {
	return func() {
		l.nodes = slices.DeleteFunc(slices.Clone(l.nodes), func(n mapper.Node) bool { return n.Name == name })
	}
}

func (l *load) edit(name string, change func(*mapper.Node)) func() {
	return func() {
		l.nodes = mapper.Clone(l.nodes)
		change(&l.nodes[slices.IndexFunc(l.nodes, func(n mapper.Node) bool { return n.Name == name })])
	}
}

// right returns the function that tells the right server for a key, by the nodes and
// the dead servers as they are now.
func (l *load) right() func(string) string {
	set, err := rendezvous.Build(l.nodes)
	require.NoError(l, err)
	dead := maps.Clone(l.dead)
	return func(key string) string {
		if n, ok := set.Select(key); ok && !dead[n.Name] {
			return n.Name
		}
		for n := range set.Rank(key) {
			if !dead[n.Name] {
				return n.Name
			}
		}
		return ""
	}
}

func (l *load) enter(p phase) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phases = append(l.phases, p)
}

// current returns the index of the current phase.
func (l *load) current() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.phases) - 1
}

// change makes a change within a window, waits until the channel acts on it, and
// compares the owners before and after it. edit says what is to become right, and act
// makes it so. Keys may move to or from the changed node only; an empty name means that
// none may move.
func (l *load) change(name, node string, edit, act func()) {
	before := l.right()
	edit()
	after := l.right()
	l.enter(phase{name: name, window: true, right: []func(string) string{before, after}})
	act()
	eventually(l, name+" is in force", func() bool {
		for _, key := range sweepKeys {
			if before(key) == after(key) {
				continue
			}
			if got, err := ask(l.Context(), l.conn, key); err != nil || got != after(key) {
				return false
			}
		}
		return true
	})
	l.enter(phase{name: "after: " + name, right: []func(string) string{after}})
	moved := 0
	for _, key := range sweepKeys {
		from, to := before(key), after(key)
		got := askOK(l, l.conn, key)
		require.Equal(l, to, got, "%s: key %s", name, key)
		if from != to {
			moved++
			assert.True(l, from == node || to == node, "%s: key %s moves from %s to %s", name, key, from, to)
		}
	}
	if node == "" {
		assert.Zero(l, moved, "%s: keys moved", name)
	} else {
		assert.NotZero(l, moved, "%s: no key moved", name)
	}
	l.moves = append(l.moves, fmt.Sprintf("%-28s %3d of %d keys moved", name, moved, len(sweepKeys)))
	l.steady()
}

func (l *load) steady() { time.Sleep(steadyTime()) }

// call makes a call with a random key and judges the answer.
func (l *load) call() {
	key := fmt.Sprintf("user:%d", rand.IntN(100_000))
	var header metadata.MD
	from := l.current()
	got, err := ask(l.Context(), l.conn, key, grpc.Header(&header))
	l.mu.Lock()
	defer l.mu.Unlock()
	overlapped := l.phases[from:]
	l.figures.calls++
	if err != nil {
		if header.Len() > 0 {
			l.figures.cut++
		} else {
			l.figures.failed++
		}
		l.note("%s: key %s: %v", overlapped[0].name, key, err)
		return
	}
	last := overlapped[len(overlapped)-1]
	if len(overlapped) > 1 || last.window {
		l.figures.inWindows++
	}
	switch is := func(right func(string) string) bool { return right(key) == got }; {
	case is(last.right[len(last.right)-1]):
	case slices.ContainsFunc(overlapped, func(p phase) bool { return slices.ContainsFunc(p.right, is) }):
		l.figures.early++
	default:
		l.figures.elsewhere++
		l.note("%s: key %s: answered by %s", last.name, key, got)
	}
}

func (l *load) note(format string, args ...any) {
	if len(l.examples) < 20 {
		l.examples = append(l.examples, fmt.Sprintf(format, args...))
	}
}

func (l *load) check(retries bool) {
	f := l.figures
	l.Logf("%d calls, %d of them within the windows of changes, where %d were answered as before the change", f.calls, f.inWindows, f.early)
	l.Logf("elsewhere than the ranking says: %d; failed: %d; cut within the answer: %d", f.elsewhere, f.failed, f.cut)
	for _, line := range l.moves {
		l.Log(line)
	}
	for _, line := range l.examples {
		l.Log(line)
	}
	assert.Zero(l, f.elsewhere, "calls that went elsewhere")
	assert.Greater(l, f.calls, 500)
	if retries {
		assert.Zero(l, f.failed, "failed calls")
	} else {
		// Those in progress on one of three killed servers, eight at most for each, and
		// as many that found the connection broken before the channel did.
		assert.LessOrEqual(l, f.failed+f.cut, 3*2*8, "failed calls")
	}
}
