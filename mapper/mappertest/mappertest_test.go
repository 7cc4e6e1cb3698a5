package mappertest

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

// world is a source in memory. Each of its faults breaks one promise.
type world struct {
	faults
	mu      sync.Mutex
	nodes   []mapper.Node
	broken  bool // there is a record that cannot be used
	changed chan struct{}
	stop    chan struct{} // lets a faulty goroutine go at the end of the test
}

type faults struct {
	sharesSlice, sharesTags, reversed, repeats, refusesEmpty, frozen bool
	ignoresContext, hangs, nodesWithError                            bool
	silentAtFirst, missesChange, missesEmpty, sharesSnapshot         bool
	neverEnds, goesOn, endsAtOnce, leaks                             bool
	confirmsTomorrow, passesForWhole, hidesSkipped, refusesPartial   bool
}

func newWorld(f faults) *world {
	return &world{faults: f, changed: make(chan struct{}), stop: make(chan struct{})}
}

func (w *world) source() Source {
	return Source{Mapper: w, Publish: w.publish, PublishBroken: w.publishBroken, Settle: 50 * time.Millisecond}
}

func (w *world) publishBroken(t testing.TB, nodes []mapper.Node) {
	w.mu.Lock()
	w.broken = true
	w.mu.Unlock()
	w.publish(t, nodes)
}

func (w *world) publish(_ testing.TB, nodes []mapper.Node) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.frozen && len(w.nodes) > 0 {
		return
	}
	slices.SortFunc(nodes, func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) })
	w.nodes = nodes
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) Nodes(ctx context.Context) ([]mapper.Node, error) {
	if w.hangs && ctx.Err() != nil {
		<-w.stop
	}
	if err := ctx.Err(); err != nil && !w.ignoresContext {
		if w.nodesWithError {
			return mapper.Clone(w.nodes), err
		}
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refusesEmpty && len(w.nodes) == 0 {
		return nil, errors.New("no nodes")
	}
	switch {
	case w.broken && w.refusesPartial:
		return nil, errors.New("a record is broken")
	case w.broken && !w.passesForWhole:
		return w.answer(), &mapper.PartialError{Skipped: w.skipped()}
	}
	return w.answer(), nil
}

// answer is called with the lock held.
func (w *world) answer() []mapper.Node {
	nodes := mapper.Clone(w.nodes)
	switch {
	case w.sharesSlice:
		return w.nodes
	case w.sharesTags:
		return slices.Clone(w.nodes)
	case w.reversed:
		slices.Reverse(nodes)
	case w.repeats && len(nodes) > 0:
		nodes = append(nodes, nodes[len(nodes)-1])
	}
	return nodes
}

func (w *world) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		if w.leaks {
			go func() { <-w.stop }()
		}
		if w.endsAtOnce {
			return
		}
		for first := true; ; first = false {
			w.mu.Lock()
			u, changed := mapper.Update{Nodes: mapper.Clone(w.nodes), Skipped: w.skipped()}, w.changed
			if w.sharesSnapshot {
				u.Nodes = w.nodes
			}
			if w.confirmsTomorrow {
				u.Confirmed = time.Now().Add(24 * time.Hour)
			}
			if w.hidesSkipped {
				u.Skipped = nil
			}
			w.mu.Unlock()
			quiet := first && w.silentAtFirst || !first && w.missesChange || w.missesEmpty && len(u.Nodes) == 0
			if !quiet && (ctx.Err() == nil || w.goesOn) && !yield(u) {
				return
			}
			if !w.wait(ctx, changed) {
				return
			}
		}
	}
}

// skipped is called with the lock held.
func (w *world) skipped() []error {
	if !w.broken {
		return nil
	}
	return []error{errors.New("a record is broken")}
}

// wait reports whether the watch goes on.
func (w *world) wait(ctx context.Context, changed chan struct{}) bool {
	if w.neverEnds {
		select {
		case <-changed:
			return true
		case <-w.stop:
			return false
		}
	}
	select {
	case <-changed:
		return true
	case <-ctx.Done():
		return w.goesOn
	}
}

func TestGoodSource(t *testing.T) {
	t.Parallel()
	Test(t, func(*testing.T) Source { return newWorld(faults{}).source() })
}

// plain hides that a world can be watched.
type plain struct{ mapper.Mapper }

func TestGoodMapper(t *testing.T) {
	t.Parallel()
	Test(t, func(*testing.T) Source {
		s := newWorld(faults{}).source()
		s.Mapper = plain{s.Mapper}
		return s
	})
}

// TestFaultsAreFound breaks each promise and expects the check of that promise
// to fail.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		check func(testing.TB, Source)
		fault faults
	}{
		{"a name occurs twice", content, faults{repeats: true}},
		{"not sorted", order, faults{reversed: true}},
		{"no nodes is an error", empty, faults{refusesEmpty: true}},
		{"a change is not seen", follows, faults{frozen: true}},
		{"the slice is shared", freshAnswer, faults{sharesSlice: true}},
		{"tags and metadata are shared", freshAnswer, faults{sharesTags: true}},
		{"the context is ignored", canceled, faults{ignoresContext: true}},
		{"the deadline is ignored", deadline, faults{ignoresContext: true}},
		{"hangs after the end of the context", canceled, faults{hangs: true}},
		{"nodes with an error", canceled, faults{nodesWithError: true}},
		{"nodes with an error of Ask", asks, faults{ignoresContext: true}},
		{"a partial set passes for the whole", partial, faults{passesForWhole: true}},
		{"a partial set is refused", partial, faults{refusesPartial: true}},
		{"the watch hides that the set is partial", partial, faults{hidesSkipped: true}},
		{"confirmed in the future", watchFirst, faults{confirmsTomorrow: true}},
		{"concurrent callers share memory", concurrent, faults{sharesSlice: true}},
		{"no first snapshot", watchFirst, faults{silentAtFirst: true}},
		{"a change is not told", watchChange, faults{missesChange: true}},
		{"the empty set is not told", watchEmpty, faults{missesEmpty: true}},
		{"a snapshot is shared", watchFreshUpdate, faults{sharesSnapshot: true}},
		{"a change is not told to both", watchTwice, faults{missesChange: true}},
		{"never ends", watchEnds, faults{neverEnds: true}},
		{"goes on after its context", watchEnds, faults{goesOn: true}},
		{"never ends if the context was over before", watchCanceledBefore, faults{neverEnds: true}},
		{"ends at once", watchBreak, faults{endsAtOnce: true}},
		{"a goroutine is left each time", followAndClose, faults{leaks: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				require.True(t, fails(t, c.check, newWorld(c.fault)), "the check passed")
				require.False(t, fails(t, c.check, newWorld(faults{})), "the check fails without the fault")
			})
		})
	}
}

// TestWrongSourceFailsInSeconds runs the whole suite over a source that never
// has the right nodes. The virtual clock counts what a real one would.
func TestWrongSourceFailsInSeconds(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		start := time.Now()
		ran := 0
		for _, c := range checks {
			s := newWorld(faults{repeats: true}).source()
			s.Settle = 0
			ran++
			if failsWith(t, c.run, s) {
				break
			}
		}
		require.Equal(t, 1, ran, "the first check finds it")
		require.LessOrEqual(t, time.Since(start), 15*time.Second)
	})
}

// TestSuiteStopsAtTheFirstMismatch runs Test itself in a process of its own,
// where it may fail.
func TestSuiteStopsAtTheFirstMismatch(t *testing.T) {
	t.Parallel()
	if os.Getenv("MAPPERTEST_WRONG_SOURCE") != "" {
		Test(t, func(*testing.T) Source { return newWorld(faults{reversed: true}).source() })
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSuiteStopsAtTheFirstMismatch$", "-test.v") //nolint:gosec // this test
	cmd.Env = append(os.Environ(), "MAPPERTEST_WRONG_SOURCE=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, strings.Count(string(out), "=== RUN   TestSuiteStopsAtTheFirstMismatch/"), "%s", out)
	require.Contains(t, string(out), "--- FAIL: TestSuiteStopsAtTheFirstMismatch/Content")
}

// fails runs a check against the world and reports whether it failed.
func fails(t *testing.T, check func(testing.TB, Source), w *world) bool {
	defer close(w.stop)
	return failsWith(t, check, w.source())
}

func failsWith(t *testing.T, check func(testing.TB, Source), s Source) bool {
	ctx, cancel := context.WithCancel(t.Context())
	r := &recorder{TB: t, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r, s.withDefaults())
	}()
	<-done
	cancel()
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return r.failed
}

// recorder is a test that may fail without failing the test around it.
type recorder struct {
	testing.TB
	ctx      context.Context
	failed   bool
	cleanups []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Errorf(string, ...any)    { r.failed = true }
func (r *recorder) FailNow()                 { r.failed = true; runtime.Goexit() }
func (r *recorder) Cleanup(f func())         { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Context() context.Context { return r.ctx }
