package kubernetes

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// testFlipToSelect measures how long after a change of an EndpointSlice is sent
// Select has another answer, and when an event of a plain watch arrives.
func testFlipToSelect(t *testing.T, server *servertest.APIServer) {
	flips := 200
	if testing.Short() {
		flips = 20
	}
	service := newService()
	a, b := target{pod: "a", address: "10.0.0.1"}, target{pod: "b", address: "10.0.0.2"}
	apply(server, service, service, 80, a, b)
	s := at(t, server, service, nil)
	view, err := mapper.Follow(t.Context(), s, rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	key := keyOf(t, view.Value(), "a")
	events := eventsOf(t, s)
	var changed, noticed []time.Duration
	for i := range flips {
		a.state, b.state = stateNotReady, ""
		owner := "b"
		if i%2 == 1 {
			a.state, owner = "", "a"
		}
		time.Sleep(10 * time.Millisecond)
		start := time.Now()
		apply(server, service, service, 80, a, b)
		for n, _ := view.Value().Select(key); n.Name != owner; n, _ = view.Value().Select(key) {
			require.Less(t, time.Since(start), patience, "flip %d", i)
			time.Sleep(50 * time.Microsecond)
		}
		changed = append(changed, time.Since(start))
		noticed = append(noticed, (<-events).Sub(start))
	}
	t.Logf("change to Select: %s; event of a plain watch: %s", percentiles(changed), percentiles(noticed))
}

func keyOf(t *testing.T, set *rendezvous.Set[mapper.Node], owner string) string {
	t.Helper()
	for i := range 1000 {
		key := fmt.Sprint("key-", i)
		if n, _ := set.Select(key); n.Name == owner {
			return key
		}
	}
	require.FailNow(t, "a node without keys", owner)
	return ""
}

// eventsOf returns when each event of a plain watch on the slices arrived.
func eventsOf(t *testing.T, s *Source) <-chan time.Time {
	t.Helper()
	_, version, err := listAll(t.Context(), s, s.slices())
	require.NoError(t, err)
	query := url.Values{"watch": {"1"}, "resourceVersion": {version}, "labelSelector": {s.config.selector()}}
	ctx, cancel := context.WithCancel(context.Background())
	in, err := s.open(ctx, s.slices().path, query, "application/json")
	require.NoError(t, err)
	arrived, done := make(chan time.Time, 1000), make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(in); lines.Scan(); {
			arrived <- time.Now()
		}
	}()
	t.Cleanup(func() {
		cancel()
		in.Close()
		<-done
	})
	return arrived
}

func percentiles(d []time.Duration) string {
	slices.Sort(d)
	at := func(p int) time.Duration { return d[(len(d)-1)*p/100].Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %v, p99 %v of %d", at(50), at(99), len(d))
}

// manySlices is a service of 10,000 endpoints as its controller divides them.
const (
	manySlices   = 100
	endpointsPer = 100
)

func manyTargets(slice int) []target {
	targets := make([]target, endpointsPer)
	for i := range targets {
		targets[i] = target{
			pod: fmt.Sprintf("web-7d4b9c6f5-%02d%02d", slice, i), address: fmt.Sprintf("10.%d.%d.7", slice, i),
			node: fmt.Sprintf("node-%d", i), zone: fmt.Sprintf("zone-%d", i%3),
		}
	}
	return targets
}

// testScale follows 10,000 endpoints in 100 slices.
func testScale(t *testing.T, server *servertest.APIServer) {
	service := newService()
	for i := range manySlices {
		apply(server, service, fmt.Sprintf("%s-%d", service, i), 80, manyTargets(i)...)
	}
	s := at(t, server, service, nil)
	before := heap()
	begin := time.Now()
	w := follow(t, s)
	u := w.next()
	listed := time.Since(begin)
	require.Len(t, u.Nodes, manySlices*endpointsPer)
	u = mapper.Update{}
	held := heap() - before
	var changes []time.Duration
	for i := range 20 {
		targets := manyTargets(i)
		targets[0].state = stateNotReady
		begin = time.Now()
		apply(server, service, fmt.Sprintf("%s-%d", service, i), 80, targets...)
		u = w.next()
		changes = append(changes, time.Since(begin))
		require.Len(t, u.Nodes, manySlices*endpointsPer-i-1)
	}
	t.Logf("%d endpoints in %d slices: the first set after %v, %.1f MB of heap, a change to an update in %s",
		manySlices*endpointsPer, manySlices, listed.Round(time.Millisecond), float64(held)/1e6, percentiles(changes))
	require.Less(t, held, int64(40<<20))
}

// heap returns the bytes of live objects.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkChange measures what one change of 10,000 endpoints in 100 slices
// costs a watch, from the event to the published set.
func BenchmarkChange(b *testing.B) {
	c := Config{Service: "web"}.withDefaults()
	s := &Source{config: c, namespace: "default"}
	w := newWatch(s)
	var last []byte
	for i := range manySlices {
		var objects []map[string]any
		for _, t := range manyTargets(i) {
			objects = append(objects, t.object())
		}
		text, err := json.Marshal(map[string]any{
			"metadata":    map[string]any{"name": fmt.Sprint("web-", i), "uid": "u", "resourceVersion": "7", "labels": map[string]any{serviceLabel: "web"}},
			"addressType": "IPv4", "endpoints": objects, "ports": []map[string]any{{"port": 80}},
		})
		require.NoError(b, err)
		last = text
		var o sliceObject
		require.NoError(b, json.Unmarshal(text, &o))
		s.slices().keep(w.state, &o)
	}
	w.listed, w.failed, w.confirmed = []bool{true}, []error{nil}, []time.Time{{}}
	m := &mirror[sliceObject]{source: s, resource: s.slices(), uids: map[string]string{}, send: func(c change) { w.take(c) }}
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, m.take(event{"MODIFIED", last}))
		w.publish(b.Context())
	}
	u, _ := s.feed.Latest()
	require.Len(b, u.Nodes, manySlices*endpointsPer)
}
