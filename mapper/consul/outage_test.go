package consul

import (
	"flag"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/internal/testkit/shortrun"
	"github.com/proxenos/proxenos/mapper"
)

// outage is how long TestOutage leaves the agent dead.
var outage = flag.Duration("outage", 2*time.Second, "length of the outage of TestOutage")

// TestOutage kills the agent with -9 while eight goroutines select, and starts
// it without state while they go on. With -outage 60s it is the figure of the
// README.
func TestOutage(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	// A query with the old index would block for the whole wait.
	source := of(t, agent, func(c *Config) { c.Wait, c.ShrinkHold = maxWait, time.Second })
	view := routing(t, source, mapper.FollowConfig[*routes]{})
	callers := call(view, time.Millisecond)

	time.Sleep(*outage / 2)
	callers.phase.Store(duringOutage)
	agent.Kill()
	time.Sleep(*outage)
	require.ErrorIs(t, view.Err(), ErrUnreachable)
	old := view.Age()
	require.Greater(t, old, *outage/2)
	require.Len(t, view.Nodes(), 2)

	agent.Restart()
	registered := time.Now()
	register(agent, "c")
	require.Eventually(t, func() bool { return knows(view, "n/c") }, patience, time.Millisecond)
	late := time.Since(registered)
	require.Eventually(t, func() bool { return follows(view, "n/c") }, patience, time.Millisecond, "a and b stand for the hold")
	require.Zero(t, view.Age())
	callers.phase.Store(afterOutage)
	time.Sleep(*outage / 2)

	callers.stop()
	t.Logf("outage of %v: %d selects, %d failed; age at its end %v; right %v after the first registration",
		*outage, callers.selects, callers.failed, old, late)
	for phase, name := range []string{"before", "during", "after"} {
		require.NotEmpty(t, callers.took[phase], "no caller selected %s the outage", name)
		t.Logf("Select %s the outage: %s", name, percentiles(callers.took[phase]))
	}
	require.Zero(t, callers.failed)
}

// TestOutageOfAMinute is TestOutage in virtual time, where the load of the
// machine does not count: a view is right within a second of the first
// registration.
func TestOutageOfAMinute(t *testing.T) {
	w := newFakeServices(map[string][]string{"web": {"a", "b"}})
	bubble.Test(t, func(t *testing.T) {
		w.changed = make(chan struct{}) // of this bubble
		fake := consultest.NewFake(w.answer)
		view := routing(t, open(t, Config{Client: fake.Client(t), Service: "web", Wait: maxWait}), mapper.FollowConfig[*routes]{})
		w.change(func() { w.services["web"] = []string{"a", "b", "z"} }) // a higher index than the agent will have
		rest := time.Second / time.Duration(shortrun.Few(100))
		callers := call(view, rest)
		time.Sleep(time.Minute)

		w.change(func() { w.failing["web"] = consultest.Reply{Refuse: true} })
		time.Sleep(time.Minute)
		require.Greater(t, view.Age(), 59*time.Second)
		require.ErrorIs(t, view.Err(), ErrUnreachable)

		w.restart(map[string][]string{})
		time.Sleep(3 * time.Second)
		require.Len(t, view.Nodes(), 3, "an agent that has just started knows no services")
		w.change(func() { w.services["web"] = []string{"c"} })
		time.Sleep(time.Second)
		require.True(t, knows(view, "n/c"), "%v, %v", view.Nodes(), view.Err())
		require.Len(t, view.Nodes(), 4, "the others stand for the hold")
		require.ErrorIs(t, view.Err(), errHeld)
		time.Sleep(defaultShrinkHold)
		require.True(t, follows(view, "n/c"), "%v, %v", view.Nodes(), view.Err())
		require.Zero(t, view.Age())

		callers.stop()
		require.Zero(t, callers.failed)
		require.Greater(t, callers.selects, 8*64*int(2*time.Minute/rest))
		view.Close()
	})
}

// knows reports whether a view has a node of that name.
func knows(view *mapper.View[*routes], name string) bool {
	return slices.ContainsFunc(view.Nodes(), func(n mapper.Node) bool { return n.Name == name })
}

// follows reports whether a view has no error and one node of that name.
func follows(view *mapper.View[*routes], name string) bool {
	nodes := view.Nodes()
	return len(nodes) == 1 && nodes[0].Name == name && view.Err() == nil
}

// The phases of an outage.
const (
	beforeOutage = iota
	duringOutage
	afterOutage
	phases
)

// callers are eight goroutines that select until they are stopped. Their results
// may be read after that.
type callers struct {
	phase atomic.Int32
	over  atomic.Bool
	all   sync.WaitGroup

	mu              sync.Mutex
	selects, failed int
	took            [phases][]time.Duration // of every 64th Select
}

// call starts the callers, each of which pauses after every 64th Select: other
// programs use the machine too.
func call(view *mapper.View[*routes], rest time.Duration) *callers {
	c := &callers{}
	for range 8 {
		c.all.Go(func() { c.run(view, rest) })
	}
	return c
}

func (c *callers) run(view *mapper.View[*routes], rest time.Duration) {
	var selects, failed int
	var took [phases][]time.Duration
	for ; !c.over.Load(); time.Sleep(rest) {
		for range 64 {
			phase, start := c.phase.Load(), time.Now()
			_, ok := view.Value().Select("user:42")
			lasted := time.Since(start)
			if !ok {
				failed++
			}
			if selects++; selects%64 == 0 {
				took[phase] = append(took[phase], lasted)
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.selects, c.failed = c.selects+selects, c.failed+failed
	for phase := range took {
		c.took[phase] = append(c.took[phase], took[phase]...)
	}
}

func (c *callers) stop() {
	c.over.Store(true)
	c.all.Wait()
}
