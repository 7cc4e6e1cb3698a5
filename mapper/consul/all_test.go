package consul

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/consultest"
)

// fakeServices is a fake agent whose services the test changes.
type fakeServices struct {
	mu       sync.Mutex
	index    uint64
	services map[string][]string // the IDs of the passing instances
	failing  map[string]consultest.Reply
	last     map[string]uint64 // the index of each service's last change
	changed  chan struct{}
}

func newFakeServices(services map[string][]string) *fakeServices {
	return &fakeServices{index: 1, services: services, failing: map[string]consultest.Reply{}, last: map[string]uint64{}}
}

// change changes the services and wakes the queries for what has changed.
func (w *fakeServices) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.seen()
	f()
	w.index++
	after := w.seen()
	for name := range after {
		if before[name] != after[name] {
			w.last[name] = w.index
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			w.last[name] = w.index
		}
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// seen returns the state of each service, and of the list as "", for a query.
func (w *fakeServices) seen() map[string]string {
	seen := map[string]string{"": fmt.Sprint(slices.Sorted(maps.Keys(w.services)), w.failing[""])}
	for name, ids := range w.services {
		seen[name] = fmt.Sprint(ids, w.failing[name])
	}
	return seen
}

// restart keeps these services only, and resets the index.
func (w *fakeServices) restart(services map[string][]string) {
	w.change(func() {
		clear(w.failing)
		w.services = services
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.index = 1
	clear(w.last)
}

// answer answers as an agent does: a blocking query after a change.
func (w *fakeServices) answer(q consultest.Query) consultest.Reply {
	name := strings.TrimPrefix(q.Path, "/health/service/")
	if name == q.Path {
		name = "" // the list
	}
	if q.Blocking() {
		w.wait(q, name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if r, ok := w.failing[name]; ok {
		return r
	}
	if name == "" {
		body := map[string][]string{}
		for s := range w.services {
			body[s] = nil
		}
		return consultest.Reply{Index: max(1, w.last[name]), Body: body}
	}
	var body []*api.ServiceEntry
	for _, id := range w.services[name] {
		body = append(body, consultest.Entry("n", id, "10.0.0.1", 80, "passing"))
	}
	return consultest.Reply{Index: max(1, w.last[name]), Body: body}
}

func (w *fakeServices) wait(q consultest.Query, name string) {
	timeout := time.After(q.Wait)
	for {
		w.mu.Lock()
		index, changed := w.last[name], w.changed
		w.mu.Unlock()
		if index > q.Index {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			return
		case <-q.Context.Done():
			return
		}
	}
}

// inServices watches every service of the fake agent, in a bubble.
func inServices(t *testing.T, w *fakeServices, check func(*testing.T, *recorder, *consultest.Fake)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		w.changed = make(chan struct{}) // of this bubble
		fake := consultest.NewFake(w.answer)
		check(t, record(t, open(t, Config{Client: fake.Client(t), Wait: time.Minute})), fake)
	})
}

func TestEveryServiceIsWatched(t *testing.T) {
	w := newFakeServices(map[string][]string{"api": {"a"}, "web": {"w"}})
	inServices(t, w, func(t *testing.T, r *recorder, f *consultest.Fake) {
		r.nodes("n/a", "n/w")
		w.change(func() { w.services["api"] = []string{"a", "b"} })
		r.nodes("n/a", "n/b", "n/w")
		w.change(func() { w.services["new"] = []string{"x"} })
		r.nodes("n/a", "n/b", "n/w", "n/x")
		w.change(func() { delete(w.services, "web") })
		r.nodes("n/a", "n/b", "n/x")
		time.Sleep(150 * time.Second) // between two ends of a wait
		synctest.Wait()
		require.Equal(t, []string{"/catalog/services", "/health/service/api", "/health/service/new"}, underWay(f), "no query waits for what is gone")
		w.change(func() { w.services["web"] = []string{"w"} })
		r.nodes("n/a", "n/b", "n/w", "n/x")
	})
}

// TestFirstSetIsComplete holds the set back until the last service answered.
func TestFirstSetIsComplete(t *testing.T) {
	w := newFakeServices(map[string][]string{"api": {"a"}, "web": {"w"}})
	w.failing["web"] = broken
	inServices(t, w, func(t *testing.T, r *recorder, _ *consultest.Fake) {
		e := r.fails(ErrUnreachable)
		require.ErrorContains(t, e.err, `service "web"`)
		r.fails(ErrUnreachable)
		w.change(func() { delete(w.failing, "web") })
		r.until("every service", func(e event) bool {
			require.True(t, e.err != nil || len(e.names) == 2, "half a fakeServices: %v", e.names)
			return e.err == nil
		})
	})
}

// TestFailingServiceKeepsItsNodes has one of two fail while the other changes.
func TestFailingServiceKeepsItsNodes(t *testing.T) {
	w := newFakeServices(map[string][]string{"api": {"a"}, "web": {"w"}})
	inServices(t, w, func(t *testing.T, r *recorder, _ *consultest.Fake) {
		r.nodes("n/a", "n/w")
		w.change(func() { w.failing["web"] = broken })
		r.fails(ErrUnreachable)
		w.change(func() { w.services["api"] = []string{"a", "b"} })
		r.until("the other's change", func(e event) bool { return slices.Equal(e.names, []string{"n/a", "n/b", "n/w"}) })
		r.fails(ErrUnreachable)
		w.change(func() { delete(w.failing, "web") })
		r.until("recovery", func(e event) bool { return e.err == nil })
		r.quiet(time.Minute)
	})
}

// TestAgentWithoutState has an agent that was restarted without state: the services
// leave the list at once, their nodes only after the hold.
func TestAgentWithoutState(t *testing.T) {
	w := newFakeServices(map[string][]string{"api": {"a"}, "consul": {"c"}, "web": {"w"}})
	inServices(t, w, func(t *testing.T, r *recorder, _ *consultest.Fake) {
		r.nodes("n/a", "n/c", "n/w")
		w.change(func() {
			w.failing[""], w.failing["api"], w.failing["web"], w.failing["consul"] = broken, broken, broken, broken
		})
		r.fails(ErrUnreachable)
		synctest.Wait() // until every loop has failed
		restarted := time.Now()
		w.restart(map[string][]string{"consul": {"c"}})
		time.Sleep(2 * time.Second)
		w.change(func() { w.services["web"] = []string{"w"} }) // registers again
		gone := r.until("the service that does not return", func(e event) bool { return slices.Equal(e.names, []string{"n/c", "n/w"}) })
		require.GreaterOrEqual(t, gone.at.Sub(restarted), 10*time.Second)
		require.Less(t, gone.at.Sub(restarted), 13*time.Second)
		r.quiet(time.Minute)
	})
}

// TestMoreServicesThanQueries has more services than blocking queries at once.
func TestMoreServicesThanQueries(t *testing.T) {
	services := map[string][]string{}
	for i := range 2*maxBlocking + maxBlocking/2 {
		services[fmt.Sprintf("s%03d", i)] = []string{fmt.Sprintf("i%03d", i)}
	}
	w := newFakeServices(maps.Clone(services))
	inServices(t, w, func(t *testing.T, r *recorder, f *consultest.Fake) {
		r.until("every service", func(e event) bool { return len(e.names) == len(services) })
		for _, name := range []string{"s000", "s125", "s249"} {
			time.Sleep(3 * time.Second)
			changed := time.Now()
			w.change(func() { w.services[name] = []string{"new-" + name} })
			e := r.until(name, func(e event) bool { return slices.Contains(e.names, "n/new-"+name) })
			require.LessOrEqual(t, e.at.Sub(changed), 5*time.Second, "every service has its turn")
		}
		require.LessOrEqual(t, len(underWay(f)), maxBlocking+1, "no more than an agent bears")
	})
}

// underWay returns the paths of the queries without an answer yet.
func underWay(f *consultest.Fake) []string {
	var paths []string
	for _, q := range f.Queries() {
		if q.Context.Err() == nil {
			paths = append(paths, q.Path)
		}
	}
	slices.Sort(paths)
	return paths
}
