package kubernetes

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// Watch yields the nodes, and again after each change, by a watch on the
// EndpointSlices: a change is seen within milliseconds of the API server. All
// readers of a source share its watches; a slow reader skips superseded sets.
//
// The Err of an Update is an [*Error]. The nodes before it stand, and the source
// keeps trying: after 0.1 s, then ever more slowly up to 10 s, or 0.5 s where the
// connection is refused, or as late as the API server asks for. After a watch that
// ended in any other way than by Config.Wait the source lists again. New nodes
// join at once. Missing ones leave at once too, unless the API server has lost
// state: then they stay for Config.ShrinkHold, with an error.
func (s *Source) Watch(ctx context.Context) iter.Seq[mapper.Update] { return s.feed.Watch(ctx) }

// watch gathers what the mirrors of a source find out. One goroutine owns it.
type watch struct {
	source  *Source
	changes chan change
	state   *state

	listed    []bool // by mirror
	failed    []error
	confirmed []time.Time

	nodes     []mapper.Node // published last
	heldUntil time.Time     // missing nodes stand until then; zero if none is missing
	heldErr   error         // that says so
	lost      bool          // the API server may have lost state
	pending   time.Time     // when pods that are not known yet count as missing; zero if all are known
	timer     *time.Timer   // for the next of both
}

// pendingPods is how long an update waits for a pod whose endpoint came first, as
// both come by different watches.
const pendingPods = time.Second

func newWatch(s *Source) *watch {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &watch{source: s, changes: make(chan change, 64), state: newState(&s.config), timer: timer}
}

// run watches until the context ends.
func (w *watch) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	start(ctx, w, &all, w.source.slices())
	if w.source.config.readsPods() {
		start(ctx, w, &all, w.source.pods())
	}
	if w.source.config.StatefulSet != "" {
		start(ctx, w, &all, w.source.statefulSets())
	}
	defer w.timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-w.changes:
			if w.takeAll(c) {
				w.publish(ctx)
			}
		case <-w.timer.C:
			w.publish(ctx)
		}
	}
}

func start[O any](ctx context.Context, w *watch, all *sync.WaitGroup, r *resource[O]) {
	m := &mirror[O]{source: w.source, resource: r, index: len(w.listed), send: func(c change) {
		select {
		case w.changes <- c:
		case <-ctx.Done():
		}
	}}
	w.listed, w.failed, w.confirmed = append(w.listed, false), append(w.failed, nil), append(w.confirmed, time.Time{})
	all.Go(func() { m.run(ctx) })
}

// takeAll takes a change and the changes that wait behind it, and reports whether
// there is anything to publish.
func (w *watch) takeAll(c change) (news bool) {
	news = w.take(c)
	for range cap(w.changes) {
		select {
		case c := <-w.changes:
			news = w.take(c) || news
		default:
			return news
		}
	}
	return news
}

func (w *watch) take(c change) (news bool) {
	if c.apply != nil {
		c.apply(w.state)
	}
	news = c.apply != nil || c.err != w.failed[c.mirror] //nolint:errorlint // identity is meant
	w.failed[c.mirror] = c.err
	w.listed[c.mirror] = w.listed[c.mirror] || c.listed
	w.lost = w.lost || c.suspect
	if c.fresh {
		w.confirmed[c.mirror] = time.Now()
	}
	return news
}

// publish publishes the state.
func (w *watch) publish(ctx context.Context) {
	failure := cmp.Or(w.failed...)
	if slices.Contains(w.listed, false) {
		if failure != nil {
			w.source.feed.Fail(failure)
		}
		return
	}
	j, err := w.state.join()
	if err != nil {
		w.source.feed.Fail(w.source.joinError(ctx, err))
		return
	}
	if !w.ready(j) {
		return
	}
	nodes, held := w.hold(j.nodes)
	w.nodes = nodes
	w.schedule()
	w.source.feed.Set(mapper.Update{
		Nodes: nodes, Skipped: j.skipped, Err: cmp.Or(failure, held), Confirmed: slices.MinFunc(w.confirmed, time.Time.Compare),
	})
}

// ready reports whether to publish now: not while an endpoint is of a pod that may
// become known within a moment.
func (w *watch) ready(j joined) bool {
	switch {
	case !j.unknown:
		w.pending = time.Time{}
	case w.pending.IsZero():
		w.pending = time.Now().Add(pendingPods)
	}
	if time.Now().Before(w.pending) {
		w.schedule()
		return false
	}
	return true
}

// hold adds the nodes that are missing from an API server that has lost state,
// with the error that says so.
func (w *watch) hold(nodes []mapper.Node) ([]mapper.Node, error) {
	if !w.lost || w.source.config.ShrinkHold < 0 {
		w.lost = false
		return nodes, nil
	}
	kept := keep(w.nodes, nodes)
	if len(kept) > len(nodes) && w.heldUntil.IsZero() {
		w.heldUntil = time.Now().Add(w.source.config.ShrinkHold)
		w.heldErr = w.source.fail(context.Background(), "list", w.source.slices().name, errHeld)
	}
	if len(kept) == len(nodes) || !time.Now().Before(w.heldUntil) {
		w.lost, w.heldUntil = false, time.Time{}
		return nodes, nil
	}
	return kept, w.heldErr
}

// keep returns the nodes and the earlier ones that are missing, sorted by name.
func keep(before, nodes []mapper.Node) []mapper.Node {
	byName := func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) }
	kept := slices.Clone(nodes)
	for _, n := range before {
		if _, found := slices.BinarySearchFunc(nodes, n, byName); !found {
			kept = append(kept, n)
		}
	}
	slices.SortFunc(kept, byName)
	return kept
}

// schedule sets the timer for what is to happen without a change.
func (w *watch) schedule() {
	w.timer.Stop()
	var next time.Time
	for _, at := range []time.Time{w.heldUntil, w.pending} {
		if at.After(time.Now()) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !next.IsZero() {
		w.timer.Reset(time.Until(next))
	}
}
