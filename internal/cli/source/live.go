package source

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// Live holds the placement on the nodes of a followed source. It keeps the last
// placement while the source fails. All methods are safe for concurrent use.
type Live struct {
	view    *mapper.View[*placed]
	current atomic.Pointer[Current]
}

// Current is what a followed source says at one moment. It is immutable.
type Current struct {
	Placement *place.Placement // nil if no node can own keys; the same pointer until it changes
	Nodes     []mapper.Node    // the nodes that pass the filters
	Reported  int              // the number of nodes before the filters
	Skipped   []error          // the records left out
	Err       error            // why the nodes may be stale, or nil
	AgeKnown  bool             // false for the cache of an agent

	placed   *placed
	replaced chan struct{} // closed when another value is current
}

// placed is what [mapper.Follow] builds from the nodes of the source.
type placed struct {
	placement *place.Placement
	nodes     []mapper.Node
	reported  int
	initial   bool // the source has not responded yet
}

// Follow follows the source until the context ends. A source that cannot be watched
// is polled. If the source fails before it has responded, or does not respond within
// --timeout, Follow returns the error. Later failures, and recoveries, are warnings.
func (o *Flags) Follow(ctx context.Context, poll time.Duration, std *term.Streams, s *place.Flags) (*Live, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	patience := o.timeout
	if o.Outages.cache != "" {
		patience *= 2 // the cache responds when the source has not within --timeout
	}
	late := time.AfterFunc(patience, func() { cancel(o.late()) })
	warn, begun := o.warner(std), false
	live, err := o.follow(ctx, poll, std, s, mapper.FollowConfig[*placed]{Observe: func(e mapper.Event) {
		if begun = begun || e.Err == nil; begun {
			warn(e)
			return
		}
		cancel(e.Err)
	}})
	if err == nil && late.Stop() {
		return live, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	cancel(nil)
	return nil, o.Classify(err)
}

// FollowAtOnce is like [Flags.Follow], but does not wait for the source. Until the
// source responds there are no nodes, and failures are warnings.
func (o *Flags) FollowAtOnce(ctx context.Context, poll time.Duration, std *term.Streams, s *place.Flags) (*Live, error) {
	live, err := o.follow(ctx, poll, std, s, mapper.FollowConfig[*placed]{StartEmpty: true, Observe: o.warner(std)})
	if err != nil {
		return nil, o.Classify(err)
	}
	return live, nil
}

func (o *Flags) follow(ctx context.Context, poll time.Duration, std *term.Streams, s *place.Flags, cfg mapper.FollowConfig[*placed]) (*Live, error) {
	source, err := o.Watched(ctx, poll, std)
	if err != nil {
		return nil, err
	}
	build := o.placer(s)
	first := cfg.StartEmpty
	view, err := mapper.FollowWith(ctx, source, func(nodes []mapper.Node) (*placed, error) {
		p, err := build(nodes)
		p.initial, first = first, false
		return p, err
	}, cfg)
	if err != nil {
		return nil, err
	}
	l := &Live{view: view}
	changed := view.Changed()
	l.publish()
	go l.run(changed)
	return l, nil
}

// placer returns the function that places keys on nodes.
func (o *Flags) placer(s *place.Flags) func([]mapper.Node) (*placed, error) {
	return func(nodes []mapper.Node) (*placed, error) {
		p := &placed{nodes: o.Filters.Apply(nodes), reported: len(nodes)}
		if !place.AnyEligible(p.nodes) {
			return p, nil
		}
		var err error
		p.placement, err = s.Build(p.nodes)
		return p, err
	}
}

// warner returns an observer that warns when the source starts and stops failing.
func (o *Flags) warner(std *term.Streams) func(mapper.Event) {
	return func(e mapper.Event) {
		switch {
		case e.Err != nil && !e.Repeated:
			std.WarnOf(o.Classify(e.Err))
		case e.Recovered:
			std.Warn("the source responds again")
		}
	}
}

// run keeps the current value up to date.
func (l *Live) run(changed <-chan struct{}) {
	for {
		select {
		case <-changed:
		case <-l.view.Done():
			l.publish()
			return
		}
		changed = l.view.Changed()
		l.publish()
	}
}

// publish makes the state of the view the current value.
func (l *Live) publish() {
	state := l.view.State()
	c := &Current{
		Nodes: state.Value.nodes, Reported: state.Value.reported, Skipped: state.Set.Skipped,
		Err: state.Set.Err, AgeKnown: !ageUnknown(state.Set), placed: state.Value, replaced: make(chan struct{}),
	}
	old := l.current.Load()
	partial := len(state.Set.Skipped) > 0
	switch {
	case c.placed.placement == nil:
	case old != nil && old.placed == c.placed && old.Placement.Partial == partial:
		c.Placement = old.Placement
	default:
		p := *c.placed.placement
		p.Partial = partial
		c.Placement = &p
	}
	l.current.Store(c)
	if old != nil {
		close(old.replaced)
	}
}

// Current returns the current value. It costs one atomic load.
func (l *Live) Current() *Current { return l.current.Load() }

// Answered reports whether the source has responded, or a snapshot of it.
func (c *Current) Answered() bool { return !c.placed.initial }

// Replaced returns a channel that is closed when another value is current.
func (c *Current) Replaced() <-chan struct{} { return c.replaced }

// Age returns for how long the nodes may have been stale, and 0 while the source
// responds.
func (l *Live) Age() time.Duration { return l.view.Age() }

// Close stops following and waits for it to end.
func (l *Live) Close() { l.view.Close() }

// Fresh returns an error if the nodes are older than --max-staleness, or if their
// age is not known although there is a limit.
func (o *Flags) Fresh(l *Live) error {
	limit := o.Outages.maxStale
	if age := l.Age(); limit > 0 && (age > limit || !l.Current().AgeKnown) {
		return staleNodes(age, limit, l.Current())
	}
	return nil
}

// staleNodes returns the error of nodes that exceed --max-staleness.
func staleNodes(age, limit time.Duration, c *Current) error {
	if !c.AgeKnown {
		return term.Hint(term.WithCode(term.ErrStale, errAgeUnknown), "--consistency default asks the servers")
	}
	err := &tooOld{age: age.Round(time.Millisecond), limit: limit, cause: c.Err}
	return term.Hint(term.WithCode(term.ErrStale, err), "is the source running? a greater --max-staleness accepts older nodes")
}

var errAgeUnknown = errors.New("the age of the nodes is not known: they are from the cache of the agent")

// tooOld is the error of nodes that are older than --max-staleness.
type tooOld struct {
	age, limit time.Duration
	cause      error
}

func (e *tooOld) Error() string {
	return fmt.Sprintf("the nodes may be %v old, the limit is %v: %v", e.age, e.limit, e.cause)
}
func (e *tooOld) Unwrap() error { return e.cause }
