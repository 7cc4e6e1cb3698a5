package consul

import (
	"context"
	"errors"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
)

// loop watches one endpoint: a plain query first, then blocking queries for
// what changes. It follows Consul's rules for blocking queries, and the
// observed behavior of agents that stop and start:
//
//   - The index is opaque. Pass it back unchanged; if it is zero or decreases,
//     reset to zero.
//   - After an error the next query is plain. An agent that was restarted counts
//     from the start, and a query that blocks on an old index would wait in vain.
//     An unknown token is refused only in a plain query; a blocking one gets an
//     empty result.
//   - An empty result is accepted from a plain query only.
//   - After an interruption a set may grow at once and shrinks late: an agent that
//     was started without its state knows only what registered again.
//   - The cache of an agent whose servers are dead answers plain queries forever
//     as if nothing had failed, and blocking ones for a while. So with
//     ConsistencyCached every plain query goes to a server: the first, those after
//     an error, and one each minute.
type loop[T any] struct {
	source    *Source
	endpoint  endpoint[T]
	semaphore *semaphore
	report    func(report[T])
	confirm   func() // the value reported last still holds

	index     uint64    // to block on; 0 makes the next query plain
	reported  bool      // a value was
	asked     time.Time // a server, last
	last      T         // the value accepted last
	lost      bool      // there was an interruption since
	heldUntil time.Time // what is missing stands until then; zero if nothing is missing
	heldErr   error     // that says so
	pauses    retry.Pauses
	limiter   limiter
}

// report is what a loop finds out.
type report[T any] struct {
	value T
	known bool  // there is a value
	live  bool  // it comes from a server, and not from the agent's cache
	err   error // why the value may be stale, or why there is none
}

// run returns when the context ends.
func (l *loop[T]) run(ctx context.Context) {
	for {
		pause := l.step(ctx)
		if ctx.Err() != nil || !retry.Sleep(ctx, pause) {
			return
		}
	}
}

// step sends one query and returns how long to wait before the next one.
func (l *loop[T]) step(ctx context.Context) time.Duration {
	q := l.next()
	release, ok := l.semaphore.acquire(ctx, &q)
	if !ok {
		return 0
	}
	r, err := do(ctx, l.source, l.endpoint, q)
	release()
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		return l.fail(ctx, err)
	}
	return max(l.accept(q, r), l.limiter.take(time.Now()))
}

// serverEvery is how often a loop that blocks on the agent's cache asks a server.
const serverEvery = time.Minute

// next returns the next query.
func (l *loop[T]) next() query {
	cached := l.source.config.Consistency == ConsistencyCached
	if l.index == 0 || cached && time.Since(l.asked) >= serverEvery {
		return query{live: true}
	}
	return query{index: l.index, wait: l.wait(), live: !cached}
}

// wait is at most the time for which missing nodes still stand.
func (l *loop[T]) wait() time.Duration {
	wait := l.source.config.Wait
	if !l.heldUntil.IsZero() {
		wait = min(wait, max(time.Until(l.heldUntil), time.Millisecond))
	}
	return wait
}

func (l *loop[T]) fail(ctx context.Context, err error) time.Duration {
	l.index, l.lost, l.heldUntil = 0, true, time.Time{}
	l.report(l.standIn(ctx, err))
	return l.pauses.After(err)
}

// standIn returns what the agent's cache knows, if no server has answered yet.
func (l *loop[T]) standIn(ctx context.Context, err error) report[T] {
	failed := report[T]{err: err}
	if l.reported || l.source.config.Consistency != ConsistencyCached || !errors.Is(err, ErrUnreachable) {
		return failed
	}
	r, cacheErr := do(ctx, l.source, l.endpoint, query{})
	if cacheErr != nil || l.endpoint.size(r.value) == 0 {
		return failed
	}
	l.last, l.reported = r.value, true
	return report[T]{value: r.value, known: true, err: err}
}

// accept takes a result and returns the pause that it calls for.
func (l *loop[T]) accept(q query, r result[T]) (pause time.Duration) {
	blocking := q.index > 0
	size := l.endpoint.size(r.value)
	if q.live {
		l.asked = time.Now()
	}
	switch {
	case r.index < q.index:
		l.index, l.lost = 0, true
		return 0
	case blocking && size == 0 && l.endpoint.size(l.last) > 0:
		l.index = 0
		return 0
	}
	l.index = r.index
	if held, ok := l.hold(r.value); ok {
		l.report(held)
		return 0
	}
	if blocking && r.index == q.index && !l.lost {
		l.confirm()
	} else {
		l.report(report[T]{value: r.value, known: true, live: q.live})
		l.reported = true
	}
	l.last, l.lost, l.heldUntil = r.value, false, time.Time{}
	switch {
	case blocking:
		l.pauses.Reset()
	case r.index == 0: // this endpoint can only be polled
		return l.pauses.After(errNoIndex)
	}
	return 0
}

// hold returns the report that keeps what a value lacks after an interruption; ok
// is false if the value is accepted as it is.
func (l *loop[T]) hold(value T) (held report[T], ok bool) {
	hold := l.source.config.ShrinkHold
	if !l.lost || !l.reported || hold < 0 {
		return held, false
	}
	kept, missing := l.endpoint.keep(l.last, value)
	if missing == 0 {
		return held, false
	}
	if l.heldUntil.IsZero() {
		l.heldUntil = time.Now().Add(hold)
		l.heldErr = &Error{Addr: l.source.addr, Service: l.endpoint.service, Kind: ErrUnreachable, Err: errHeld}
	}
	return report[T]{value: kept, known: true, err: l.heldErr}, time.Now().Before(l.heldUntil)
}

var (
	errNoIndex = errors.New("the answer has no index to block on")
	errHeld    = errors.New("nodes are missing after an interruption: keeping them for a while")
)
