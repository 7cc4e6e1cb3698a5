package consul

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/consultest"
)

// These tests watch real agents. What an agent does not do on demand is in
// loop_test.go.

func here(t *testing.T, o consultest.Options, ids ...string) *consultest.Server {
	t.Helper()
	o.Node = "n"
	agent := consultest.Start(t, o)
	register(agent, ids...)
	return agent
}

func register(agent *consultest.Server, ids ...string) {
	for i, id := range ids {
		agent.Register(consultest.Instance{Service: "web", ID: id, Port: 8000 + i})
	}
}

func TestWatchChecks(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	r := record(t, of(t, agent, nil))
	r.nodes("n/a", "n/b")
	agent.Flip("a", "critical")
	r.untilNodes("n/b")
	agent.Flip("a", "warning")
	agent.Flip("a", "passing")
	r.untilNodes("n/a", "n/b")
	agent.Maintain("b", true)
	r.untilNodes("n/a")
	agent.Maintain("b", false)
	r.untilNodes("n/a", "n/b")
	register(agent, "c")
	r.untilNodes("n/a", "n/b", "n/c")
	agent.Deregister("web", "a")
	r.untilNodes("n/b", "n/c")
	r.quiet(100 * time.Millisecond)
}

// TestWatchWays watches by every way of asking.
func TestWatchWays(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	for name, change := range map[string]func(*Config){
		"warning":    func(c *Config) { c.Health = Warning },
		"any":        func(c *Config) { c.Health = Any },
		"catalogue":  func(c *Config) { c.Catalog = true },
		"filter":     func(c *Config) { c.Filter = "Service.Port != 1" },
		"near":       func(c *Config) { c.Near = "_agent" },
		"stale":      func(c *Config) { c.Consistency = Stale },
		"consistent": func(c *Config) { c.Consistency = Consistent },
		"cached":     func(c *Config) { c.Consistency = Cached },
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, of(t, agent, change))
			r.untilNodes("n/a", "n/b")
			register(agent, "c")
			r.untilNodes("n/a", "n/b", "n/c")
			agent.Deregister("web", "c")
			r.untilNodes("n/a", "n/b")
		})
	}
}

func TestWatchServiceToCome(t *testing.T) {
	agent := here(t, consultest.Options{})
	r := record(t, of(t, agent, nil))
	r.nodes()
	register(agent, "a")
	r.untilNodes("n/a")
}

// TestWatchMassDeregistration believes at once that all have gone.
func TestWatchMassDeregistration(t *testing.T) {
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	agent := here(t, consultest.Options{}, ids...)
	r := record(t, of(t, agent, nil))
	r.next()
	start := time.Now()
	agent.Deregister("web", ids...)
	r.until("nobody", func(e event) bool {
		require.NoError(t, e.err, "nothing was interrupted")
		return len(e.names) == 0
	})
	require.Less(t, time.Since(start), defaultEmptyHold)
}

// TestWatchOthers changes what does not concern the set.
func TestWatchOthers(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, nil))
	r.nodes("n/a")
	agent.Register(consultest.Instance{Service: "api", Port: 1})
	require.NoError(t, agent.Client().Agent().UpdateTTL("check:a", "another output", "passing"))
	agent.Register(consultest.Instance{Service: "web", ID: "sick", Port: 2, Status: "critical"})
	r.quiet(500 * time.Millisecond)
}

// TestWatchOtherServiceKeepsIndex is why a query for each service is cheap:
// a change of another one does not wake it.
func TestWatchOtherServiceKeepsIndex(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	_, before, err := agent.Client().Health().Service("web", "", true, nil)
	require.NoError(t, err)
	agent.Register(consultest.Instance{Service: "api", Port: 1})
	_, after, err := agent.Client().Health().Service("web", "", true, nil)
	require.NoError(t, err)
	require.Equal(t, before.LastIndex, after.LastIndex)
}

// TestWatchWithoutChange lets the wait run out several times.
func TestWatchWithoutChange(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.Wait, c.Timeout = 50*time.Millisecond, patience }))
	r.nodes("n/a")
	r.quiet(500 * time.Millisecond)
	agent.Flip("a", "critical")
	r.untilNodes()
}

func TestWatchEveryService(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	r := record(t, open(t, Config{Addr: agent.Addr}))
	r.nodes("n/a", "n/consul")
	agent.Register(consultest.Instance{Service: "api", ID: "x", Port: 1})
	r.untilNodes("n/a", "n/consul", "n/x")
	agent.Flip("a", "critical")
	r.untilNodes("n/consul", "n/x")
	agent.Deregister("api", "x")
	r.untilNodes("n/consul")
	agent.Flip("a", "passing")
	r.untilNodes("n/a", "n/consul")
}

// TestWatchKilledAndRestarted kills the agent under the questions of eight
// goroutines and starts it without state.
func TestWatchKilledAndRestarted(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	source := of(t, agent, nil)
	r := record(t, source)
	r.nodes("n/a", "n/b")
	stop := load(t, source)

	agent.Kill()
	r.fails(ErrUnreachable)
	time.Sleep(2 * time.Second) // of outage: the pauses have grown
	agent.Restart()
	registered := time.Now()
	register(agent, "c")
	e := r.until("the first registration", func(e event) bool {
		require.True(t, e.err != nil || len(e.names) > 0, "the set was wiped")
		return e.err == nil && slices.Contains(e.names, "n/c")
	})
	require.Equal(t, []string{"n/c"}, e.names)
	late := e.at.Sub(registered)
	t.Logf("right %v after the first registration", late)
	require.Less(t, late, time.Second)
	stop()
}

// load asks from eight goroutines until it is stopped.
func load(t *testing.T, source *Source) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var asked atomic.Int64
	for range 8 {
		all.Go(func() {
			for ctx.Err() == nil {
				if _, err := source.Nodes(ctx); err != nil {
					time.Sleep(tick)
				}
				asked.Add(1)
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
		require.Greater(t, asked.Load(), int64(8), "there was load")
	}
}

// TestWatchRestartedEmpty restarts an agent where nobody registers again.
func TestWatchRestartedEmpty(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.EmptyHold = time.Second }))
	r.nodes("n/a")
	agent.Kill()
	r.fails(ErrUnreachable)
	agent.Restart()
	held := r.until("the hold", func(e event) bool { return e.err != nil && errors.Is(e.err, errHeld) })
	gone := r.until("nobody", func(e event) bool { return e.err == nil })
	require.Empty(t, gone.names)
	require.Greater(t, gone.at.Sub(held.at), 900*time.Millisecond, "a second, as the events were received")
}

// TestWatchStopped ends the agent by SIGTERM, which answers 500 for a while.
func TestWatchStopped(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, nil))
	r.nodes("n/a")
	agent.Stop()
	r.fails(ErrUnreachable)
	agent.Restart()
	register(agent, "a")
	r.untilNodes("n/a")
}

func TestWatchSuspended(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.Wait, c.Timeout = 400*time.Millisecond, 300*time.Millisecond }))
	r.nodes("n/a")
	agent.Suspend()
	e := r.until("that it hangs", func(e event) bool { return e.err != nil })
	require.ErrorIs(t, e.err, ErrUnreachable)
	require.ErrorIs(t, e.err, context.DeadlineExceeded)
	agent.Resume()
	r.untilNodes("n/a")
	register(agent, "b")
	r.untilNodes("n/a", "n/b")
}

func TestWatchRevokedToken(t *testing.T) {
	agent := here(t, consultest.Options{ACL: true}, "a")
	const rules = `service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }`
	token := agent.Grant(rules)
	file := tokenFileOf(t, token)
	r := record(t, of(t, agent, func(c *Config) { c.TokenFile, c.Wait = file, time.Second }))
	r.nodes("n/a")
	agent.Revoke(token)
	r.fails(ErrPermission)
	r.fails(ErrPermission)
	writeToken(t, file, agent.Grant(rules))
	r.untilNodes("n/a")
}

func TestWatchUnknownToken(t *testing.T) {
	agent := here(t, consultest.Options{ACL: true}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.TokenFile = tokenFileOf(t, "00000000-0000-0000-0000-000000000000") }))
	r.fails(ErrPermission)
	r.fails(ErrPermission)
}

// TestWatchFlapping flips a check twenty times a second.
func TestWatchFlapping(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	r := record(t, of(t, agent, nil))
	r.nodes("n/a", "n/b")
	for i := range 41 {
		agent.Flip("a", []string{"critical", "passing"}[i%2])
		time.Sleep(50 * time.Millisecond)
	}
	r.untilNodes("n/b")
	agent.Flip("a", "passing")
	r.untilNodes("n/a", "n/b")
}

// TestWatchTwoHundredTimes looks for what is left behind.
func TestWatchTwoHundredTimes(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	cycle := func() {
		s, err := New(Config{Addr: agent.Addr, Service: "web"})
		require.NoError(t, err)
		for _, err := range s.Watch(t.Context()) {
			require.NoError(t, err)
			break
		}
		require.NoError(t, s.Close())
	}
	for range 10 {
		cycle()
	}
	settled := func() (int, int) {
		time.Sleep(50 * time.Millisecond)
		return runtime.NumGoroutine(), descriptors(t)
	}
	goroutines, files := settled()
	for range 200 {
		cycle()
	}
	require.Eventually(t, func() bool {
		g, f := settled()
		return g <= goroutines+2 && f <= files+2
	}, patience, tick, "there were %d goroutines and %d descriptors", goroutines, files)
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // nowhere else is there a list
	}
	return len(entries)
}

// TestFlipLatency measures from a check's change to the event, beside what a
// bare query that waits takes to return.
func TestFlipLatency(t *testing.T) {
	flips := 100
	if testing.Short() {
		flips = 10
	}
	agent := here(t, consultest.Options{}, "a", "b")
	r := record(t, of(t, agent, nil))
	r.nodes("n/a", "n/b")
	ours := make([]time.Duration, flips)
	bare := make([]time.Duration, flips)
	for i := range flips {
		status, want := "critical", []string{"n/b"}
		if i%2 == 1 {
			status, want = "passing", []string{"n/a", "n/b"}
		}
		noticed := notice(t, agent.Client())
		start := time.Now()
		agent.Flip("a", status)
		ours[i] = r.untilNodes(want...).at.Sub(start)
		bare[i] = (<-noticed).Sub(start)
		time.Sleep(60 * time.Millisecond) // within the limit for questions
	}
	t.Logf("from flip to event: %s; Consul's own notice: %s", percentiles(ours), percentiles(bare))
	slices.Sort(ours)
	require.Less(t, ours[flips/2], time.Second)
}

// notice returns when a bare query that waits has returned.
func notice(t *testing.T, client *api.Client) <-chan time.Time {
	t.Helper()
	_, meta, err := client.Health().Service("web", "", true, nil)
	require.NoError(t, err)
	noticed := make(chan time.Time, 1)
	go func() {
		_, _, _ = client.Health().Service("web", "", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: patience})
		noticed <- time.Now()
	}()
	time.Sleep(10 * time.Millisecond) // for the query to wait
	return noticed
}

func percentiles(d []time.Duration) string {
	d = slices.Sorted(slices.Values(d))
	return fmt.Sprintf("p50 %v, p99 %v of %d", d[len(d)/2].Round(10*time.Microsecond), d[len(d)*99/100].Round(10*time.Microsecond), len(d))
}
