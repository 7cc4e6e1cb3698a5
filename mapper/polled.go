package mapper

import (
	"context"
	"iter"
	"time"

	"github.com/proxenos/proxenos/internal/retry"
)

// DefaultPoll is the interval at which a source that is not a Watcher is
// polled, unless Polled.Every is set.
const DefaultPoll = 10 * time.Second

// Polled watches a source by polling it. A Source that is already a Watcher
// is watched instead, and Every has no effect. Follow and the wrappers of
// this package wrap each Mapper that is not a Watcher in a Polled.
//
// The interval varies by a tenth. Each query may take as long as the
// interval, but at least 10 s. After an error the next query follows after
// 0.1 s, and later ones at growing pauses up to the interval.
//
// It is safe for concurrent use. Its fields must not change once it is used.
type Polled struct {
	Source Mapper

	// Every is the interval. Zero or less means DefaultPoll.
	Every time.Duration
}

var (
	_ Watcher = (*Polled)(nil)
	_ Asker   = (*Polled)(nil)
)

// Nodes queries the source.
func (p *Polled) Nodes(ctx context.Context) ([]Node, error) { return p.Source.Nodes(ctx) }

// Ask queries the source.
func (p *Polled) Ask(ctx context.Context) (Update, error) { return Ask(ctx, p.Source) }

// Watch queries at once, and then at intervals until the context ends.
func (p *Polled) Watch(ctx context.Context) iter.Seq[Update] {
	if w, ok := p.Source.(Watcher); ok {
		return w.Watch(ctx)
	}
	f := &Feed{}
	f.Run = func(ctx context.Context) { p.poll(ctx, f) }
	return f.Watch(ctx)
}

const (
	leastTimeout = 10 * time.Second       // for one query of a polled source
	firstRetry   = 100 * time.Millisecond // after the first error
)

func (p *Polled) poll(ctx context.Context, to *Feed) {
	every := p.Every
	if every <= 0 {
		every = DefaultPoll
	}
	pause := retry.Backoff{Min: firstRetry, Max: every}
	for {
		u, err := askWithin(ctx, p.Source, max(every, leastTimeout))
		if ctx.Err() != nil {
			return
		}
		wait := every
		if err != nil {
			to.Fail(err)
			wait = pause.Next()
		} else {
			to.Set(u)
			pause.Reset()
		}
		if !retry.Sleep(ctx, retry.Jitter(wait, 0.9, 1.1)) {
			return
		}
	}
}

func askWithin(ctx context.Context, m Mapper, limit time.Duration) (Update, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return Ask(ctx, m)
}
