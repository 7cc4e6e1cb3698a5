package consul

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// These tests route keys by what they watch, as a service would, and log the
// figures that the README shows.

type routes = rendezvous.Set[mapper.Node]

func routing(t *testing.T, m mapper.Mapper, c mapper.FollowConfig[*routes]) *mapper.View[*routes] {
	t.Helper()
	view, err := mapper.FollowWith(t.Context(), m, rendezvous.Build, c)
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

// TestFlipToSelect measures how long after a check flips Select has another
// answer, and when a blocking query of Consul's own client returns: of flips
// that are apart, and of a burst beyond the limit for queries.
func TestFlipToSelect(t *testing.T) {
	flips := 100
	if testing.Short() {
		flips = 10
	}
	for name, pause := range map[string]time.Duration{"apart": 50 * time.Millisecond, "in a burst": 0} {
		t.Run(name, func(t *testing.T) {
			agent := here(t, consultest.Options{}, "a", "b")
			view := routing(t, of(t, agent, nil), mapper.FollowConfig[*routes]{})
			key := keyOf(t, view.Value(), "n/a")
			var changed, noticed []time.Duration
			for i := range flips {
				status, owner := "critical", "n/b"
				if i%2 == 1 {
					status, owner = "passing", "n/a"
				}
				time.Sleep(pause)
				notice := noticeOf(t, agent.Client())
				start := time.Now()
				agent.Flip("a", status)
				for n, _ := view.Value().Select(key); n.Name != owner; n, _ = view.Value().Select(key) {
					require.Less(t, time.Since(start), patience, "flip %d", i)
					time.Sleep(50 * time.Microsecond)
				}
				changed = append(changed, time.Since(start))
				noticed = append(noticed, (<-notice).Sub(start))
			}
			t.Logf("flip to changed Select: %s; Consul's own notice: %s", percentiles(changed), percentiles(noticed))
		})
	}
}

// noticeOf returns when a blocking query returned.
func noticeOf(t *testing.T, client *api.Client) <-chan time.Time {
	t.Helper()
	_, meta, err := client.Health().Service("web", "", true, nil)
	require.NoError(t, err)
	notice := make(chan time.Time, 1)
	go func() {
		_, _, _ = client.Health().Service("web", "", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: patience})
		notice <- time.Now()
	}()
	time.Sleep(10 * time.Millisecond) // the query is blocking
	return notice
}

func percentiles(d []time.Duration) string {
	return fmt.Sprintf("p50 %v, p99 %v of %d", percentile(d, 50), percentile(d, 99), len(d))
}

func percentile(d []time.Duration, p int) time.Duration {
	slices.Sort(d)
	return d[(len(d)-1)*p/100]
}

// TestFlapping flips a check 20 times a second for two seconds. A view ends at
// the last state, debounced or not.
func TestFlapping(t *testing.T) {
	agent := here(t, consultest.Options{}, "a", "b")
	source := of(t, agent, nil)
	var plain, calm atomic.Int64
	count := func(n *atomic.Int64) mapper.FollowConfig[*routes] {
		return mapper.FollowConfig[*routes]{Observe: func(e mapper.Event) {
			if e.Err == nil {
				n.Add(1)
			}
		}}
	}
	direct := routing(t, source, count(&plain))
	quiet := routing(t, &mapper.Debounce{Source: source, Min: 500 * time.Millisecond, Max: time.Minute}, count(&calm))
	for i := range 41 {
		agent.Flip("a", []string{"critical", "passing"}[i%2])
		time.Sleep(50 * time.Millisecond)
	}
	for _, view := range []*mapper.View[*routes]{direct, quiet} {
		require.Eventually(t, func() bool { return len(view.Nodes()) == 1 }, patience, tick)
		require.NoError(t, view.Err())
	}
	t.Logf("41 flips: %d updates, %d debounced", plain.Load(), calm.Load())
}

// TestMassDeregistration takes three of four away at once, with a guard and
// without.
func TestMassDeregistration(t *testing.T) {
	agent := here(t, consultest.Options{}, "a")
	for _, id := range []string{"b", "c", "d"} {
		agent.Register(consultest.Instance{Service: "web", ID: id, Port: 80, Node: "far"})
	}
	source := of(t, agent, nil)
	guarded := routing(t, &mapper.Guard{Source: source, MaxDrop: 0.5}, mapper.FollowConfig[*routes]{})
	open := routing(t, source, mapper.FollowConfig[*routes]{})
	require.Len(t, guarded.Nodes(), 4)
	agent.DeregisterNode("far")
	require.Eventually(t, func() bool { return len(open.Nodes()) == 1 }, patience, tick, "it has no guard")
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
		view, err := mapper.Follow(ctx, source, rendezvous.Build)
		require.NoError(t, err)
		view.Close()
		cancel()
		require.NoError(t, source.Close())
	}
	cycle()
	goroutines, files := runtime.NumGoroutine(), leaktest.OpenFiles(t)
	for range 200 {
		cycle()
	}
	// Goroutines may take a moment to end, and the transport closes its
	// connections later.
	require.Eventually(t, func() bool {
		return runtime.NumGoroutine() <= goroutines+2 && leaktest.OpenFiles(t) <= files+2
	}, patience, tick, "goroutines or files are left")
}
