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
type loop[T any] struct {
	source    *Source
	endpoint  endpoint[T]
	semaphore *semaphore
	report    func(T, error) // the accepted value, or why there is none
	confirm   func()         // the value reported last still holds

	index     uint64    // to block on; 0 makes the next query plain
	size      int       // of the value reported last
	lost      bool      // there was an interruption since
	heldUntil time.Time // an empty result is not accepted before; zero if none is held
	backoff   backoff
	limiter   limiter
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
	q := query{index: l.index}
	if l.index > 0 {
		q.wait = l.wait()
	}
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
		return l.fail(err)
	}
	return max(l.accept(q, r), l.limiter.take(time.Now()))
}

// wait is at most the time for which an empty result is still held.
func (l *loop[T]) wait() time.Duration {
	wait := l.source.config.Wait
	if !l.heldUntil.IsZero() {
		wait = min(wait, max(time.Until(l.heldUntil), time.Millisecond))
	}
	return wait
}

func (l *loop[T]) fail(err error) time.Duration {
	l.index, l.lost = 0, true
	var none T
	l.report(none, err)
	return l.backoff.after(err)
}

// accept takes a result and returns the pause that it calls for.
func (l *loop[T]) accept(q query, r result[T]) (pause time.Duration) {
	blocking := q.index > 0
	size := l.endpoint.size(r.value)
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
		l.report(r.value, nil)
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
		var none T
		l.report(none, &Error{Addr: l.source.addr, Service: l.endpoint.service, Kind: ErrUnreachable, Err: errHeld})
	}
	return time.Now().Before(l.heldUntil)
}

var (
	errNoIndex = errors.New("the answer has no index to block on")
	errHeld    = errors.New("an empty result after an interruption; the nodes before it still stand")
)
