package consul

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
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
	t.Parallel()
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

// TestWatchWays watches with every kind of query.
func TestWatchWays(t *testing.T) {
	t.Parallel()
	agent := here(t, consultest.Options{}, "a", "b")
	for name, change := range map[string]func(*Config){
		"warning":    func(c *Config) { c.Health = HealthWarning },
		"any":        func(c *Config) { c.Health = HealthAny },
		"catalog":    func(c *Config) { c.Catalog = true },
		"filter":     func(c *Config) { c.Filter = "Service.Port != 1" },
		"near":       func(c *Config) { c.Near = "_agent" },
		"stale":      func(c *Config) { c.Consistency = ConsistencyStale },
		"consistent": func(c *Config) { c.Consistency = ConsistencyConsistent },
		"cached":     func(c *Config) { c.Consistency = ConsistencyCached },
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
	t.Parallel()
	agent := here(t, consultest.Options{})
	r := record(t, of(t, agent, nil))
	r.nodes()
	register(agent, "a")
	r.untilNodes("n/a")
}

// TestWatchMassDeregistration accepts at once that all instances are gone.
func TestWatchMassDeregistration(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	agent := here(t, consultest.Options{}, ids...)
	r := record(t, of(t, agent, func(c *Config) { c.ShrinkHold = time.Hour }))
	r.next()
	agent.Deregister("web", ids...)
	r.until("no nodes", func(e event) bool {
		require.NoError(t, e.err, "nothing was interrupted")
		return len(e.names) == 0
	})
}

// TestWatchOthers changes what does not affect the set.
func TestWatchOthers(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.Wait = 50 * time.Millisecond }))
	r.nodes("n/a")
	r.quiet(500 * time.Millisecond)
	agent.Flip("a", "critical")
	r.untilNodes()
}

func TestWatchEveryService(t *testing.T) {
	t.Parallel()
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

// TestWatchKilledAndRestarted kills the agent under the queries of eight
// goroutines and starts it without state. A query with the old index would block
// for its whole wait.
func TestWatchKilledAndRestarted(t *testing.T) {
	t.Parallel()
	agent := here(t, consultest.Options{}, "a", "b")
	source := of(t, agent, func(c *Config) { c.Wait, c.ShrinkHold = maxWait, time.Second })
	r := record(t, source)
	r.nodes("n/a", "n/b")
	stop := load(t, source)

	agent.Kill()
	r.fails(ErrUnreachable)
	r.fails(ErrUnreachable)
	agent.Restart()
	register(agent, "c")
	e := r.until("the first registration", func(e event) bool {
		require.True(t, e.err != nil || len(e.names) > 0, "the set was wiped")
		return e.err == nil && slices.Contains(e.names, "n/c")
	})
	require.Equal(t, []string{"n/a", "n/b", "n/c"}, e.names, "what has not registered again stands for the hold")
	r.untilNodes("n/c")
	stop()
}

// load sends queries from eight goroutines until it is stopped.
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

// TestWatchRestartedEmpty restarts an agent where no service registers again.
func TestWatchRestartedEmpty(t *testing.T) {
	t.Parallel()
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.ShrinkHold = time.Second }))
	r.nodes("n/a")
	agent.Kill()
	r.fails(ErrUnreachable)
	agent.Restart()
	gone := r.until("no nodes", func(e event) bool { return e.err == nil })
	require.Empty(t, gone.names, "after the hold")
}

// TestWatchStopped ends the agent by SIGTERM, which answers 500 for a while.
func TestWatchStopped(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	agent := here(t, consultest.Options{}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.Wait, c.Timeout = 400*time.Millisecond, 300*time.Millisecond }))
	r.untilNodes("n/a")
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
	t.Parallel()
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
	t.Parallel()
	agent := here(t, consultest.Options{ACL: true}, "a")
	r := record(t, of(t, agent, func(c *Config) { c.TokenFile = tokenFileOf(t, "00000000-0000-0000-0000-000000000000") }))
	r.fails(ErrPermission)
	r.fails(ErrPermission)
}

// TestConsulAnswersUnknownTokensEmpty is why the first query never blocks: to
// one that does, an unknown token gets an empty result and no error.
func TestConsulAnswersUnknownTokensEmpty(t *testing.T) {
	t.Parallel()
	agent := here(t, consultest.Options{ACL: true}, "a")
	ask := func(index uint64) ([]*api.ServiceEntry, error) {
		found, _, err := agent.Client().Health().Service("web", "", true, &api.QueryOptions{
			Token: "00000000-0000-0000-0000-000000000000", WaitIndex: index, WaitTime: 10 * time.Millisecond,
		})
		return found, err
	}
	_, err := ask(0)
	require.ErrorContains(t, err, "403")
	found, err := ask(1)
	require.NoError(t, err)
	require.Empty(t, found)
}

// TestWatchFlapping flips a check twenty times a second.
func TestWatchFlapping(t *testing.T) {
	t.Parallel()
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
