package kubernetes

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

// inFake watches a fake API server in a bubble.
func inFake(t *testing.T, change func(*Config), check func(*testing.T, *fakeAPI, *watcher)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		f := newFakeAPI()
		f.set("s1", "a", "b")
		check(t, f, follow(t, f.source(t, change)))
	})
}

func TestWatchFollowsEvents(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		f.set("s2", "c")
		w.nodes("a", "b", "c")
		f.set("s1", "b")
		w.nodes("b", "c")
		f.bookmark()
		w.quiet(10 * time.Second)
		f.remove("s2")
		w.nodes("b")
		f.remove("s1")
		w.nodes()
		require.Equal(t, []string{"list", "watch 101"}, f.seen(), "one watch brings all of it")
		w.quiet(time.Hour)
		require.Equal(t, []string{"confirm", "watch 106"}, f.seen()[2:4], "a renewed watch goes on where the last one ended")
		require.NotContains(t, f.seen()[1:], "list")
	})
}

// TestGoneIsNoFailure has the server forget the version of the watch.
func TestGoneIsNoFailure(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		f.do(func() { f.oldest = 1000 })
		f.cutWatches()
		f.do(func() { f.version = 2000 })
		f.set("s2", "c")
		w.nodes("a", "b", "c")
		w.quiet(time.Second)
	})
}

// TestSilentWatchFails has a server that is stopped: the watch stays open and
// silent.
func TestSilentWatchFails(t *testing.T) {
	t.Parallel()
	inFake(t, func(c *Config) { c.Wait = 20 * time.Second }, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		f.do(func() { f.silent = true })
		f.cutWatches() // a watch that is silent from the beginning
		begin := time.Now()
		u := w.until("the failure", failsWith(ErrUnreachable))
		require.Equal(t, []string{"a", "b"}, namesOf(u), "the last set stands")
		require.LessOrEqual(t, time.Since(begin), 26*time.Second)
		f.do(func() { f.silent = false })
		f.cutWatches()
		w.until("recovery", is("a", "b"))
	})
}

// TestFailureEndsWithAWatch has a role that lacks the verb watch.
func TestFailureEndsWithAWatch(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		forbidden := true
		f.do(func() {
			f.refuse = func(r *http.Request) *http.Response {
				if !forbidden || !r.URL.Query().Has("watch") {
					return nil
				}
				return answer(http.StatusForbidden, `{"kind":"Status","code":403,"message":"user cannot watch"}`)
			}
		})
		f.cutWatches()
		u := w.until("the failure", failsWith(ErrPermission))
		require.ErrorContains(t, u.Err, "watch endpointslices.discovery.k8s.io")
		f.set("s2", "c")
		w.until("a change by lists", func(u mapper.Update) bool {
			require.ErrorIs(t, u.Err, ErrPermission, "a list does not end the failure of the watch")
			return len(u.Nodes) == 3
		})
		f.do(func() { forbidden = false })
		w.until("recovery", is("a", "b", "c"))
	})
}

// TestDeadStore has a server whose watches go on although it cannot list.
func TestDeadStore(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		dead := true
		f.do(func() {
			f.refuse = func(r *http.Request) *http.Response {
				if !dead || r.URL.Query().Has("watch") {
					return nil
				}
				return answer(http.StatusInternalServerError, `{"kind":"Status","code":500,"message":"etcdserver: no leader"}`)
			}
		})
		time.Sleep(defaultWait)
		u := w.next()
		require.ErrorIs(t, u.Err, ErrUnreachable)
		require.Equal(t, []string{"a", "b"}, namesOf(u))
		f.do(func() { dead = false })
		w.until("recovery", is("a", "b"))
	})
}

// TestLostState has a server that comes back without its objects.
func TestLostState(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		begin := time.Now()
		f.restartEmpty()
		u := w.until("the error", func(u mapper.Update) bool { return u.Err != nil })
		require.ErrorIs(t, u.Err, errHeld)
		require.Equal(t, []string{"a", "b"}, namesOf(u))
		time.Sleep(time.Second)
		f.set("s9", "b", "c")
		w.until("a new node", func(u mapper.Update) bool { return u.Err != nil && len(u.Nodes) == 3 })
		w.until("the missing one leaves", is("b", "c"))
		require.GreaterOrEqual(t, time.Since(begin), defaultShrinkHold)
		require.Less(t, time.Since(begin), defaultShrinkHold+2*time.Second)
		f.remove("s9")
		w.nodes()
	})
}

// TestLostStateBeforeTheWatch has a server lose its objects between the list and
// the watch from its version, which is then silent.
func TestLostStateBeforeTheWatch(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFakeAPI()
		f.set("s1", "a", "b")
		f.refuse = func(r *http.Request) *http.Response {
			if r.URL.Query().Has("watch") {
				f.version, f.log, f.refuse = 10, nil, nil // the lock is held
				clear(f.objects)
			}
			return nil
		}
		w := follow(t, f.source(t, func(c *Config) { c.Wait = defaultWait / 2 }))
		w.nodes("a", "b")
		begin := time.Now()
		w.until("the hold", func(u mapper.Update) bool { return isHeld(u.Err) })
		require.LessOrEqual(t, time.Since(begin), defaultWait/2, "the end of the watch tells")
		w.until("the end of it", is())
	})
}

// TestStateKept cuts the connection to a server that keeps its objects: what was
// deleted meanwhile leaves at once.
func TestStateKept(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		f.do(func() { f.down = errRefused })
		f.cutWatches()
		u := w.until("the failure", failsWith(ErrUnreachable))
		require.Equal(t, []string{"a", "b"}, namesOf(u))
		f.set("s1", "a")
		f.do(func() { f.down = nil })
		w.until("recovery", is("a"))
		synctest.Wait()
		w.quiet(time.Minute)
	})
}

func TestPausesAfterFailures(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		f.do(func() {
			f.refuse = func(*http.Request) *http.Response {
				a := answer(http.StatusTooManyRequests, `{"kind":"Status","code":429,"message":"slow down"}`)
				a.Header.Set("Retry-After", "30")
				return a
			}
		})
		before := len(f.seen())
		f.cutWatches()
		time.Sleep(time.Minute + 10*time.Second)
		require.InDelta(t, 2, len(f.seen())-before, 1, "the server says how long to wait")
		f.do(func() { f.refuse, f.down = nil, errRefused })
		time.Sleep(time.Minute)
		before = len(f.seen())
		time.Sleep(time.Minute)
		require.InDelta(t, 160, len(f.seen())-before, 45, "a refused connection is tried every half second at most")
	})
}

func TestListThatExpires(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFakeAPI()
		f.set("s1", "a")
		expired := 0
		f.refuse = func(r *http.Request) *http.Response {
			if r.URL.Query().Get("continue") != "" {
				expired++
				return answer(http.StatusGone, `{"kind":"Status","code":410,"message":"the continuation has expired"}`)
			}
			if expired > 0 {
				return nil
			}
			return answer(http.StatusOK, `{"kind":"EndpointSliceList","metadata":{"resourceVersion":"5","continue":"more"},"items":[{"metadata":{"name":"old"}}]}`)
		}
		nodes, err := f.source(t, nil).Nodes(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"a"}, names(nodes), "what came before does not count")
		require.Equal(t, 1, expired)
	})
}

// TestBadAnswers wants an error, and never a part of a list.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	const item = `{"metadata":{"name":"s1"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"targetRef":{"kind":"Pod","name":"a"}}],"ports":[{"port":80}]}`
	for name, c := range map[string]struct {
		code int
		body string
		kind error
		text string
	}{
		"truncated":     {200, `{"kind":"EndpointSliceList","metadata":{"resourceVersion":"5"},"items":[` + item + `,`, ErrUnreachable, "unexpected EOF"},
		"no Kubernetes": {200, `{"hello":"world"}`, ErrUnreachable, "of kind"},
		"no JSON":       {200, `<html>`, ErrUnreachable, "invalid character"},
		"no version":    {200, `{"kind":"EndpointSliceList","items":[` + item + `]}`, ErrUnreachable, "of kind"},
		"no name":       {200, `{"kind":"EndpointSliceList","metadata":{"resourceVersion":"5"},"items":[{}]}`, ErrUnreachable, "no name"},
		"no end":        {200, `{"kind":"EndpointSliceList","metadata":{"resourceVersion":"5","continue":"x"},"items":[]}`, ErrUnreachable, "names itself"},
		"forbidden":     {403, `{"kind":"Status","code":403,"message":"user \"x\" cannot list"}`, ErrPermission, `list endpointslices.discovery.k8s.io in namespace "default": status 403: user "x"`},
		"unauthorized":  {401, `{"kind":"Status","code":401,"message":"Unauthorized"}`, ErrPermission, "status 401"},
		"not served":    {404, `{"kind":"Status","code":404,"message":"the server could not find the requested resource"}`, ErrNotFound, "list endpointslices"},
		"a web server":  {404, `404 page not found`, ErrUnreachable, `"404 page not found"`},
		"bad selector":  {400, `{"kind":"Status","code":400,"message":"unable to parse requirement"}`, ErrConfig, "requirement"},
		"server error":  {500, `{"kind":"Status","code":500,"message":"etcdserver: request timed out"}`, ErrUnreachable, "etcdserver"},
		"redirect":      {302, ``, ErrUnreachable, "status 302"},
		"too long":      {500, strings.Repeat("x", 1<<20), ErrUnreachable, "xxx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeAPI()
			f.refuse = func(*http.Request) *http.Response { return answer(c.code, c.body) }
			nodes, err := f.source(t, nil).Nodes(t.Context())
			require.ErrorIs(t, err, c.kind)
			require.ErrorContains(t, err, c.text)
			require.Empty(t, nodes)
			require.Less(t, len(err.Error()), 1000)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Hint())
		})
	}
}

// TestTruncatedEvents cuts a watch in the middle of an event.
func TestTruncatedEvents(t *testing.T) {
	t.Parallel()
	inFake(t, nil, func(t *testing.T, f *fakeAPI, w *watcher) {
		w.nodes("a", "b")
		broken := []string{
			`{"type":"ADDED","object":{"metadata":{"name":"x","resourceVer`,
			`{"type":"ADDED","object":{"metadata":{"name":"x"}}}`,
			`{"type":"EXPLODED","object":{"metadata":{"name":"x","resourceVersion":"7"}}}`,
			`garbage`,
			`{"type":"ERROR","object":{"kind":"Status","code":500,"message":"boom"}}`,
		}
		f.do(func() {
			f.refuse = func(r *http.Request) *http.Response {
				if len(broken) == 0 || !r.URL.Query().Has("watch") {
					return nil
				}
				a := answer(http.StatusOK, broken[0])
				broken = broken[1:]
				return a
			}
		})
		f.cutWatches()
		time.Sleep(time.Minute)
		f.set("s2", "c")
		w.until("the end of it", is("a", "b", "c"))
	})
}

func TestListTimeout(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		f := newFakeAPI()
		f.refuse = func(r *http.Request) *http.Response {
			in, out := io.Pipe()
			go func() { <-r.Context().Done(); out.CloseWithError(r.Context().Err()) }()
			return &http.Response{StatusCode: http.StatusOK, Body: in}
		}
		begin := time.Now()
		_, err := f.source(t, nil).Nodes(t.Context())
		require.ErrorIs(t, err, ErrUnreachable)
		require.Equal(t, defaultTimeout, time.Since(begin), "a list that does not end")
	})
}
