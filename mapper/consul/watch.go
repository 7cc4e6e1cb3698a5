package consul

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

var _ mapper.Watcher = (*Source)(nil)

// Watch yields the nodes, and again after each change, by blocking queries: a
// change is seen within milliseconds. After twenty changes in a row a service is
// queried twenty times a second, which merges faster changes. All readers of a
// source share its queries, one for each service; a slow reader skips superseded
// sets.
//
// The Err of an Update is an [*Error]. The nodes before it stand, and the source
// keeps trying: after 0.1 s, then ever more slowly up to 10 s, or 0.5 s where the
// connection is refused.
//
// An empty result is accepted after a second query. After an interruption new
// nodes join at once, and missing nodes stay for Config.ShrinkHold with an error,
// because an agent that was started without its state knows no nodes until
// services register again.
//
// With every service, the first Update comes once all services have answered. A
// service whose query fails keeps the nodes it had. Up to 100 services are
// watched at once; more of them take turns of a second. Confirmed is the oldest
// confirmation among the services.
func (s *Source) Watch(ctx context.Context) iter.Seq[mapper.Update] { return s.feed.Watch(ctx) }

// watch gathers what the loops of a source report.
type watch struct {
	source    *Source
	semaphore *semaphore
	all       sync.WaitGroup // of the loops

	mu        sync.Mutex
	listed    map[string]bool // the services that exist; nil until they are known
	members   map[string][]member
	confirmed map[string]time.Time // when each service last answered
	failing   map[string]error     // by service; the list of services is ""
	loops     map[string]context.CancelFunc
	complete  bool // every listed service has answered once
}

func newWatch(s *Source) *watch {
	return &watch{
		source: s, semaphore: newSemaphore(),
		members: map[string][]member{}, confirmed: map[string]time.Time{}, failing: map[string]error{}, loops: map[string]context.CancelFunc{},
	}
}

// run watches until the context ends.
func (w *watch) run(ctx context.Context) {
	defer w.all.Wait()
	if service := w.source.config.Service; service != "" {
		w.list(ctx, report[[]string]{value: []string{service}, known: true})
		return
	}
	follow(ctx, w, w.source.services(), func(r report[[]string]) { w.list(ctx, r) }, func() {})
}

// follow runs a loop.
func follow[T any](ctx context.Context, w *watch, e endpoint[T], to func(report[T]), confirm func()) {
	l := &loop[T]{source: w.source, endpoint: e, semaphore: w.semaphore, report: to, confirm: confirm}
	l.run(ctx)
}

// list takes the names of the services and starts a loop for each new one.
func (w *watch) list(ctx context.Context, r report[[]string]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("", r.err)
	if names := r.value; r.known {
		w.semaphore.loops.Store(int32(1 + max(len(names), len(w.loops)))) // before the first of them starts
		w.listed = make(map[string]bool, len(names))
		for _, name := range names {
			w.listed[name] = true
			if w.loops[name] == nil {
				w.start(ctx, name)
			}
		}
	}
	w.publish()
}

func (w *watch) start(ctx context.Context, name string) {
	ctx, cancel := context.WithCancel(ctx)
	w.loops[name] = cancel
	w.all.Go(func() {
		defer cancel()
		follow(ctx, w, w.source.instances(name), func(r report[[]member]) { w.found(ctx, name, r) }, func() { w.confirm(name) })
	})
}

// found takes the instances of a service.
func (w *watch) found(ctx context.Context, name string, r report[[]member]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return // the service was dropped meanwhile
	}
	w.note(name, r.err)
	if r.known {
		w.members[name] = r.value
	}
	if r.live {
		w.confirmed[name] = time.Now()
	}
	w.publish()
}

// confirm notes that the instances of a service are unchanged: its blocking
// query ran out, as most of them do when there are many services.
func (w *watch) confirm(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, answered := w.members[name]; answered && w.source.config.Consistency != ConsistencyCached {
		w.confirmed[name] = time.Now()
	}
}

// oldest returns the time of the service that a server confirmed the longest ago.
// It is zero, for not known, if a service has only been seen in the cache.
func (w *watch) oldest() (t time.Time) {
	for name := range w.members {
		c := w.confirmed[name]
		if c.IsZero() {
			return c
		}
		if t.IsZero() || c.Before(t) {
			t = c
		}
	}
	return t
}

func (w *watch) note(name string, err error) {
	if err != nil {
		w.failing[name] = err
		return
	}
	delete(w.failing, name)
}

// publish publishes the state. A service is dropped once its own loop accepted
// an empty result, and not when it leaves the list: after an interruption only
// the loop knows whether to accept that.
func (w *watch) publish() {
	for name, stop := range w.loops {
		if members, answered := w.members[name]; answered && len(members) == 0 && !w.listed[name] {
			stop()
			delete(w.loops, name)
			delete(w.members, name)
			delete(w.confirmed, name)
			delete(w.failing, name)
		}
	}
	w.complete = w.complete || w.answered()
	u := mapper.Update{Err: w.failure(), Confirmed: w.oldest(), Origin: w.source.origin()}
	if w.complete {
		u.Nodes, u.Skipped = w.source.config.nodes(slices.Concat(slices.Collect(maps.Values(w.members))...))
	}
	if u.Err != nil || u.Nodes != nil {
		w.source.feed.Set(u)
	}
}

// answered reports whether the list and every service on it are known.
func (w *watch) answered() bool {
	for name := range w.listed {
		if _, ok := w.members[name]; !ok {
			return false
		}
	}
	return w.listed != nil
}

// failure returns the error of the first failing service in the order of names:
// of many that fail alike one is reported.
func (w *watch) failure() error {
	var first error
	name := ""
	for n, err := range w.failing {
		if first == nil || n < name {
			first, name = err, n
		}
	}
	return first
}
