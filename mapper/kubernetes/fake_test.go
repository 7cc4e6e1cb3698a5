package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// fakeAPI is an API server with EndpointSlices alone, which also does what a real
// one does not do on demand. It is a transport, because a bubble has no network.
type fakeAPI struct {
	mu       sync.Mutex
	version  int
	objects  map[string]map[string]any
	log      []map[string]any // the events since the beginning
	oldest   int              // watches from before this version are gone
	changed  chan struct{}
	requests []string

	refuse func(r *http.Request) *http.Response // nil, or an answer instead
	down   error                                // of every request
	silent bool                                 // watches send nothing and do not end
	cut    chan struct{}                        // closed to cut the watches
}

func newFakeAPI() *fakeAPI {
	return &fakeAPI{version: 100, objects: map[string]map[string]any{}, changed: make(chan struct{}), cut: make(chan struct{})}
}

// set creates or replaces a slice.
func (f *fakeAPI) set(name string, pods ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := "ADDED"
	if f.objects[name] != nil {
		kind = "MODIFIED"
	}
	f.version++
	f.objects[name] = sliceOf(name, "uid-"+name, strconv.Itoa(f.version), pods...)
	f.publish(kind, f.objects[name])
}

func sliceOf(name, uid, version string, pods ...string) map[string]any {
	endpoints := []map[string]any{}
	for _, p := range pods {
		endpoints = append(endpoints, map[string]any{
			"addresses": []string{"10.0.0." + strconv.Itoa(int(p[len(p)-1]))},
			"targetRef": map[string]any{"kind": "Pod", "name": p},
		})
	}
	return map[string]any{
		"metadata":    map[string]any{"name": name, "uid": uid, "resourceVersion": version, "labels": map[string]any{serviceLabel: "web"}},
		"addressType": "IPv4", "endpoints": endpoints, "ports": []map[string]any{{"name": "http", "port": 80}},
	}
}

// remove deletes a slice.
func (f *fakeAPI) remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.version++
	object := maps.Clone(f.objects[name])
	object["metadata"] = map[string]any{"name": name, "resourceVersion": strconv.Itoa(f.version)}
	delete(f.objects, name)
	f.publish("DELETED", object)
}

func (f *fakeAPI) bookmark() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.version++
	f.publish("BOOKMARK", map[string]any{"metadata": map[string]any{"resourceVersion": strconv.Itoa(f.version)}})
}

// publish is called with the lock held.
func (f *fakeAPI) publish(kind string, object map[string]any) {
	f.log = append(f.log, map[string]any{"type": kind, "object": object, "version": f.version})
	close(f.changed)
	f.changed = make(chan struct{})
}

// do changes the fake under its lock.
func (f *fakeAPI) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// cutWatches ends every watch in the middle, once all goroutines of the bubble
// wait.
func (f *fakeAPI) cutWatches() {
	synctest.Wait()
	f.do(func() {
		close(f.cut)
		f.cut = make(chan struct{})
	})
}

// restartEmpty is a server that counts from a lower version and has no objects.
func (f *fakeAPI) restartEmpty() {
	synctest.Wait()
	f.do(func() {
		f.version, f.log = 10, nil
		clear(f.objects)
	})
	f.cutWatches()
}

func (f *fakeAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := r.URL.Query()
	what := "list"
	if q.Has("watch") {
		what = "watch " + q.Get("resourceVersion")
	}
	if q.Get("limit") == "1" {
		what = "confirm"
	}
	f.requests = append(f.requests, what)
	if f.down != nil {
		return nil, f.down
	}
	if f.refuse != nil {
		if a := f.refuse(r); a != nil {
			return a, nil
		}
	}
	if !q.Has("watch") {
		return f.list(), nil
	}
	from, err := strconv.Atoi(q.Get("resourceVersion"))
	if err != nil {
		return nil, err
	}
	if from < f.oldest {
		return answer(http.StatusGone, `{"kind":"Status","code":410,"message":"too old resource version"}`), nil
	}
	in, out := io.Pipe()
	seconds, err := strconv.Atoi(q.Get("timeoutSeconds"))
	go f.stream(r.Context(), out, from, time.Duration(seconds)*time.Second)
	return &http.Response{StatusCode: http.StatusOK, Body: in, Request: r}, err
}

func (f *fakeAPI) list() *http.Response {
	items := slices.Collect(maps.Values(f.objects))
	text, err := json.Marshal(map[string]any{"kind": "EndpointSliceList", "metadata": map[string]any{"resourceVersion": strconv.Itoa(f.version)}, "items": items})
	if err != nil {
		panic(err) // the fake's own objects
	}
	return answer(http.StatusOK, string(text))
}

// stream sends the events after a version.
func (f *fakeAPI) stream(ctx context.Context, out *io.PipeWriter, from int, limit time.Duration) {
	f.mu.Lock()
	cut, silent := f.cut, f.silent
	f.mu.Unlock()
	end := time.After(limit)
	for {
		f.mu.Lock()
		log, changed := f.log, f.changed
		f.mu.Unlock()
		for _, e := range log {
			if v := e["version"].(int); v > from && !silent {
				from = v
				if json.NewEncoder(out).Encode(e) != nil {
					return
				}
			}
		}
		if silent {
			end = nil
		}
		select {
		case <-changed:
		case <-end:
			out.Close()
			return
		case <-cut:
			out.CloseWithError(io.ErrUnexpectedEOF)
			return
		case <-ctx.Done():
			out.CloseWithError(ctx.Err())
			return
		}
	}
}

func answer(code int, body string) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func (f *fakeAPI) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// source returns a source of the service web at the fake.
func (f *fakeAPI) source(t testing.TB, change func(*Config)) *Source {
	t.Helper()
	c := Config{Service: "web", Server: "https://fake", Client: &http.Client{Transport: f}}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	require.NoError(t, err)
	return s
}

// watcher reads the updates of a source.
type watcher struct {
	t       testing.TB
	updates chan mapper.Update
}

// follow watches a source until the test ends.
func follow(t testing.TB, s mapper.Watcher) *watcher {
	t.Helper()
	w := &watcher{t, make(chan mapper.Update, 1000)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for u := range s.Watch(ctx) {
			w.updates <- u
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

const patience = time.Minute

// next returns the next update.
func (w *watcher) next() mapper.Update {
	w.t.Helper()
	select {
	case u := <-w.updates:
		return u
	case <-time.After(patience):
		require.FailNow(w.t, "no update")
		return mapper.Update{}
	}
}

// nodes wants the next update to be a set without an error.
func (w *watcher) nodes(want ...string) {
	w.t.Helper()
	u := w.next()
	require.NoError(w.t, u.Err)
	require.Equal(w.t, append([]string{}, want...), names(u.Nodes))
}

// until waits for an update.
func (w *watcher) until(what string, ok func(mapper.Update) bool) mapper.Update {
	w.t.Helper()
	end := time.After(patience)
	var last mapper.Update
	for {
		select {
		case last = <-w.updates:
			if ok(last) {
				return last
			}
		case <-end:
			require.FailNow(w.t, "no update", "%s; the last one: %v %v %v", what, names(last.Nodes), last.Err, last.Skipped)
		}
	}
}

// quiet wants no update for a while.
func (w *watcher) quiet(d time.Duration) {
	w.t.Helper()
	select {
	case u := <-w.updates:
		require.FailNow(w.t, "an update", "%v %v", names(u.Nodes), u.Err)
	case <-time.After(d):
	}
}

func names(nodes []mapper.Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.Name
	}
	return out
}

func is(names ...string) func(mapper.Update) bool {
	return func(u mapper.Update) bool { return u.Err == nil && slices.Equal(namesOf(u), names) }
}

func namesOf(u mapper.Update) []string { return names(u.Nodes) }

func failsWith(kind error) func(mapper.Update) bool {
	return func(u mapper.Update) bool { return errors.Is(u.Err, kind) }
}

var errRefused = fmt.Errorf("fake: %w", syscall.ECONNREFUSED)

func isHeld(err error) bool { return errors.Is(err, errHeld) }
