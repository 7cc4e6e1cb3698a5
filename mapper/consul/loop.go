package consul

import (
	"context"
	"errors"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
)

// loop watches one endpoint: a plain query first, then blocking queries for
// what changes. It follows Consul's rules for blocking queries, and what agents
// that come and go were seen to do:
//
//   - The index is opaque. Pass it back unchanged; if it is zero or decreases,
//     reset to zero.
//   - After an error the next query is plain. An agent that was restarted counts
//     from the start, and a query that blocks on an old index would wait in vain.
//     An unknown token is refused only in a plain query; a blocking one gets an
//     empty result.
//   - An empty result is accepted from a plain query only, and after an
//     interruption only once it has stood for a while: an agent that was just
//     started knows no services.
//   - The cache of an agent whose servers are dead answers plain queries as if all
//     was well, for ever, and blocking ones for a while. So with
//     ConsistencyCached every plain query goes to a server: the first, those
//     after an error, and one each minute.
type loop[T any] struct {
	source    *Source
	endpoint  endpoint[T]
	semaphore *semaphore
	report    func(report[T])
	confirm   func() // the value reported last still holds

	index     uint64    // to block on; 0 makes the next query plain
	reported  bool      // a value was
	asked     time.Time // a server, last
	size      int       // of the value reported last
	lost      bool      // there was an interruption since
	heldUntil time.Time // an empty result is not accepted before; zero if none is held
	backoff   backoff
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

// wait is at most the time for which an empty result is still held.
func (l *loop[T]) wait() time.Duration {
	wait := l.source.config.Wait
	if !l.heldUntil.IsZero() {
		wait = min(wait, max(time.Until(l.heldUntil), time.Millisecond))
	}
	return wait
}

func (l *loop[T]) fail(ctx context.Context, err error) time.Duration {
	l.index, l.lost = 0, true
	l.report(l.standIn(ctx, err))
	return l.backoff.after(err)
}

// standIn returns what the agent's cache knows, if the servers cannot be asked
// from the start.
func (l *loop[T]) standIn(ctx context.Context, err error) report[T] {
	failed := report[T]{err: err}
	if l.reported || l.source.config.Consistency != ConsistencyCached || !errors.Is(err, ErrUnreachable) {
		return failed
	}
	r, cacheErr := do(ctx, l.source, l.endpoint, query{})
	if cacheErr != nil || l.endpoint.size(r.value) == 0 {
		return failed
	}
	l.size, l.reported = l.endpoint.size(r.value), true
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
	case blocking && size == 0 && l.size > 0:
		l.index = 0
		return 0
	}
	l.index = r.index
	if size == 0 && l.holds() {
		return 0
	}
	if blocking && r.index == q.index && !l.lost {
		l.confirm()
	} else {
		l.report(report[T]{value: r.value, known: true, live: q.live})
		l.reported = true
	}
	l.size, l.lost, l.heldUntil = size, false, time.Time{}
	switch {
	case blocking:
		l.backoff.reset()
	case r.index == 0: // this endpoint can only be polled
		return l.backoff.after(errNoIndex)
	}
	return 0
}

// holds reports whether an empty result is not accepted yet.
func (l *loop[T]) holds() bool {
	hold := l.source.config.EmptyHold
	if l.size == 0 || !l.lost || hold < 0 {
		return false
	}
	if l.heldUntil.IsZero() {
		l.heldUntil = time.Now().Add(hold)
		l.report(report[T]{err: &Error{Addr: l.source.addr, Service: l.endpoint.service, Kind: ErrUnreachable, Err: errHeld}})
	}
	return time.Now().Before(l.heldUntil)
}

var (
	errNoIndex = errors.New("the answer has no index to block on")
	errHeld    = errors.New("an empty result after an interruption; the nodes before it still stand")
)
