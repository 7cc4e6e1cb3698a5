package consul

import (
	"context"
	"flag"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/consultest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// These tests route keys by what they watch, as a service would, and log the
// figures that the README shows.

// outage is how long TestOutage leaves the agent dead.
var outage = flag.Duration("outage", 2*time.Second, "length of the outage of TestOutage")

type routes = rendezvous.Set[mapper.Node]

func route(nodes []mapper.Node) (*routes, error) {
	return rendezvous.New(nodes, rendezvous.Config[mapper.Node]{ID: mapper.Node.ID, Weight: mapper.Node.Capacity})
}

func routing(t *testing.T, m mapper.Mapper, c mapper.Config[*routes]) *mapper.View[*routes] {
	t.Helper()
	view, err := mapper.FollowWith(t.Context(), m, route, c)
	require.NoError(t, err)
	t.Cleanup(view.Close)
	return view
}

// keyOf returns a key that the node owns.
func keyOf(t *testing.T, set *routes, node string) string {
	t.Helper()
	for i := range 1000 {
		key := strconv.Itoa(i)
		if owner, _ := set.Select(key); owner.Name == node {
			return key
		}
	}
	require.Fail(t, "a node without keys", node)
	return ""
}

func percentile(d []time.Duration, p int) time.Duration {
	slices.Sort(d)
	return d[(len(d)-1)*p/100]
}

// TestFlipToSelect measures 100 times how long after a check flips Select has
// another answer, and when a query of Consul's own client that waits returns.
func TestFlipToSelect(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	view := routing(t, of(t, agent, nil), mapper.Config[*routes]{})
	key := keyOf(t, view.Value(), "n/a")
	var changed, noticed []time.Duration
	_, meta, err := agent.Client().Health().Service("web", "", true, nil)
	require.NoError(t, err)
	index := meta.LastIndex
	for i := range 100 {
		status, owner := "critical", "n/b"
		if i%2 == 1 {
			status, owner = "passing", "n/a"
		}
		notice := make(chan time.Time, 1)
		go func() {
			_, meta, err := agent.Client().Health().Service("web", "", true, &api.QueryOptions{WaitIndex: index, WaitTime: patience})
			if err == nil {
				index = meta.LastIndex
			}
			notice <- time.Now()
		}()
		time.Sleep(10 * time.Millisecond) // the question is waiting
		start := time.Now()
		agent.Flip("a", status)
		for {
			if n, _ := view.Value().Select(key); n.Name == owner {
				break
			}
			require.Less(t, time.Since(start), patience, "flip %d", i)
			time.Sleep(50 * time.Microsecond)
		}
		changed = append(changed, time.Since(start))
		noticed = append(noticed, (<-notice).Sub(start))
	}
	t.Logf("flip to changed Select: p50 %v, p99 %v; Consul's own notice: p50 %v, p99 %v",
		percentile(changed, 50), percentile(changed, 99), percentile(noticed, 50), percentile(noticed, 99))
	require.Less(t, percentile(changed, 50), time.Second)
}

// phase is what eight goroutines saw of Select.
type phase struct{ selects, failed atomic.Int64 }

// TestOutage kills the agent under load and starts it without state. With
// -outage 60s it is the figure of the README.
func TestOutage(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	view := routing(t, of(t, agent, nil), mapper.Config[*routes]{})
	var all phase
	before := all.load(view, *outage/2)
	agent.Kill()
	during := all.load(view, *outage)
	require.ErrorIs(t, view.Err(), ErrUnreachable)
	old := view.Age()
	require.Greater(t, old, *outage/2)
	agent.Restart()
	registered := time.Now()
	register(agent, "c")
	require.Eventually(t, func() bool {
		nodes := view.Nodes()
		return len(nodes) == 1 && nodes[0].Name == "n/c" && view.Err() == nil
	}, patience, time.Millisecond)
	late := time.Since(registered)
	t.Logf("%v outage: %d selects, %d failed; p99 of Select %v before, %v during; age %v; right %v after the first registration",
		*outage, all.selects.Load(), all.failed.Load(), before, during, old, late)
	require.Positive(t, all.selects.Load())
	require.Zero(t, all.failed.Load())
	require.Zero(t, view.Age())
	require.Less(t, late, time.Second)
}

// load selects from eight goroutines for a while and returns the 99th
// percentile of what it took, of every 64th.
func (p *phase) load(view *mapper.View[*routes], d time.Duration) time.Duration {
	var all sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	end := time.Now().Add(d)
	for range 8 {
		all.Go(func() {
			var mine []time.Duration
			for i := 0; ; i++ {
				start := time.Now()
				if _, ok := view.Value().Select("user:42"); !ok {
					p.failed.Add(1)
				}
				now := time.Now()
				if i%64 == 0 {
					mine = append(mine, now.Sub(start))
					time.Sleep(time.Millisecond) // others use the machine too
				}
				p.selects.Add(1)
				if now.After(end) {
					break
				}
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	all.Wait()
	return percentile(took, 99)
}

// TestFlapping flips a check 20 times a second for two seconds. A follower ends
// at the last state, and one that waits for calm builds less often.
func TestFlapping(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	source := of(t, agent, nil)
	var plain, calm atomic.Int64
	count := func(n *atomic.Int64) mapper.Config[*routes] {
		return mapper.Config[*routes]{Observe: func(e mapper.Event) {
			if e.Err == nil {
				n.Add(1)
			}
		}}
	}
	direct := routing(t, source, count(&plain))
	quiet := routing(t, &mapper.Quiet{Source: source, Min: 500 * time.Millisecond, Max: time.Minute}, count(&calm))
	for i := range 41 {
		agent.Flip("a", []string{"critical", "passing"}[i%2])
		time.Sleep(50 * time.Millisecond)
	}
	for _, view := range []*mapper.View[*routes]{direct, quiet} {
		require.Eventually(t, func() bool { return len(view.Nodes()) == 1 }, patience, tick)
		require.NoError(t, view.Err())
	}
	t.Logf("41 flips: %d updates, %d through Quiet", plain.Load(), calm.Load())
	require.Less(t, calm.Load(), plain.Load())
}

// TestMassDeregistration takes three of four away at once, with a guard and
// without.
func TestMassDeregistration(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	for _, id := range []string{"b", "c", "d"} {
		agent.Register(consultest.Instance{Service: "web", ID: id, Port: 80, Node: "far"})
	}
	source := of(t, agent, nil)
	guarded := routing(t, source, mapper.Config[*routes]{MaxDrop: 0.5})
	open := routing(t, source, mapper.Config[*routes]{})
	require.Len(t, guarded.Nodes(), 4)
	agent.DeregisterNode("far")
	require.Eventually(t, func() bool { return len(open.Nodes()) == 1 }, patience, tick, "nobody guards it")
	require.NoError(t, open.Err())
	var refused *mapper.GuardError
	require.Eventually(t, func() bool { return guarded.Err() != nil }, patience, tick)
	require.ErrorAs(t, guarded.Err(), &refused)
	require.Len(t, guarded.Nodes(), 4)
	require.Positive(t, guarded.Age())
}

// TestOpenAndClose follows and stops 200 times.
func TestOpenAndClose(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	cycle := func() {
		source, err := New(Config{Addr: agent.Addr, Service: "web"})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		view, err := mapper.Follow(ctx, source, route)
		require.NoError(t, err)
		view.Close()
		cancel()
		require.NoError(t, source.Close())
	}
	cycle()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 200 {
		cycle()
	}
	// What is over may not be gone yet, and the transport ends by itself.
	require.Eventually(t, func() bool {
		return runtime.NumGoroutine() <= goroutines+2 && openFiles(t) <= files+2
	}, patience, tick, "goroutines or files are left")
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if os.IsNotExist(err) {
		t.Skip("this system does not list open files")
	}
	require.NoError(t, err)
	return len(entries)
}
