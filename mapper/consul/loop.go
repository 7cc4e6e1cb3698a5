package consul

import (
	"context"
	"errors"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
)

// loop asks one question for ever: once plainly, then again and again for
// what changed. Consul's rules for that, and what was seen of agents that come
// and go:
//
//   - The index is opaque. It is waited beyond as it was given; one that is 0
//     or lower than the one before means that the counting began anew.
//   - After an error the next question is plain. An agent that was restarted
//     counts from the start, and would let a question for an old index wait
//     in vain. An unknown token is refused when it asks plainly, and told "nobody"
//     when it waits.
//   - "Nobody" is believed from a plain question only, and after an
//     interruption only once it has stood for a while: an agent that was just
//     started knows nobody.
type loop[T any] struct {
	source   *Source
	question endpoint[T]
	turns    *turns
	report   func(T, error) // what is believed, or why nothing is known
	confirm  func()         // what was reported last still holds

	index     uint64    // to wait beyond; 0 asks plainly
	size      int       // of what was reported last
	lost      bool      // there was an interruption since
	heldUntil time.Time // "nobody" is not believed before; zero is not held
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

// step asks once and returns how long to wait before asking again.
func (l *loop[T]) step(ctx context.Context) time.Duration {
	asked := ask{index: l.index}
	if l.index > 0 {
		asked.wait = l.wait()
	}
	release, ok := l.turns.take(ctx, &asked)
	if !ok {
		return 0
	}
	a, err := put(ctx, l.source, l.question, asked)
	release()
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		return l.fail(err)
	}
	return max(l.learn(asked, a), l.limiter.take(time.Now()))
}

// wait is no longer than "nobody" is held.
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

// learn takes an answer, and returns the pause that it calls for.
func (l *loop[T]) learn(asked ask, a answer[T]) (pause time.Duration) {
	waited := asked.index > 0
	size := l.question.size(a.value)
	switch {
	case a.index < asked.index:
		l.index, l.lost = 0, true
		return 0
	case waited && size == 0 && l.size > 0:
		l.index = 0
		return 0
	}
	l.index = a.index
	if size == 0 && l.holds() {
		return 0
	}
	if waited && a.index == asked.index && !l.lost {
		l.confirm()
	} else {
		l.report(a.value, nil)
	}
	l.size, l.lost, l.heldUntil = size, false, time.Time{}
	switch {
	case waited:
		l.backoff.reset()
	case a.index == 0: // this can only be polled
		return l.backoff.after(errNoIndex)
	}
	return 0
}

// holds reports whether "nobody" is not to be believed yet.
func (l *loop[T]) holds() bool {
	hold := l.source.config.EmptyHold
	if l.size == 0 || !l.lost || hold < 0 {
		return false
	}
	if l.heldUntil.IsZero() {
		l.heldUntil = time.Now().Add(hold)
		var none T
		l.report(none, &Error{Addr: l.source.addr, Service: l.question.service, Kind: ErrUnreachable, Err: errHeld})
	}
	return time.Now().Before(l.heldUntil)
}

var (
	errNoIndex = errors.New("the answer has no index to wait beyond")
	errHeld    = errors.New("lists nobody after an interruption; the nodes before it still stand")
)
