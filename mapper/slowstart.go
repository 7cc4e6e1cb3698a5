package mapper

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Metadata of a node that a [SlowStart] reads. The values are times in the form
// of RFC 3339, such as 2026-01-02T15:04:05Z.
const (
	MetaStartAt = "start_at" // when the node started
	MetaDrainAt = "drain_at" // when the node begins to lose its keys
)

// Defaults of a [SlowStart].
const (
	DefaultFloor   = 0.1
	DefaultMaxStep = 0.01
)

// SlowStart is a source that raises the weight of a new node step by step, from
// a fraction of its own weight when it starts to all of it after Over. It lowers
// the weight of a node that is about to leave in the same way, down to a drain.
// Every key that moves does so once, and the steps together move what one step
// would have moved, in a rendezvous set and in a ring of ring.Hashed. Of several
// nodes that start, one may take a key that another one takes over later: in a
// set if they started at different times, in a ring always.
// Layouts that take whole capacities only reject the weights between.
//
// The times come from the metadata of the node, [MetaStartAt] and [MetaDrainAt],
// so clients agree whenever they see the node. Clients whose clocks differ by s
// seconds disagree for at most s seconds at each step. A node without these
// times passes unchanged: it starts with its own weight, and a drain is at once.
// A node with MetaDrainAt drains from that time on, whether or not the source
// marks it as drained; until then it keeps its keys. Keep its weight in the
// source, because a weight of 0 says nothing about the weight before.
//
// A drain during a slow start goes on from the weight reached.
//
// A time that cannot be read is a [*MetaTimeError] in Update.Skipped, and
// counts as missing. A start in the future counts as now.
//
// Put it around the other wrappers: a [Cached] inside stores the own weights of
// the nodes.
//
// It is safe for concurrent use. Its fields must not change once it is used, and
// all clients need the same values.
type SlowStart struct {
	Source Mapper

	// Over is how long a node takes to reach its own weight, and to lose it.
	// Zero changes nothing.
	Over time.Duration

	// Floor is the fraction of its own weight that a node starts with, from 0
	// to 1. Zero means DefaultFloor.
	Floor float64

	// MaxStep is the greatest share of all keys that one step after the first
	// may move, from 0 to 1. Zero means DefaultMaxStep. It gives the number of
	// steps, a power of two up to 1024: that of nodes with equal times follows
	// from their part of the total weight. A power of two, because a change of
	// the set then seldom changes the number; one that halves it may take back
	// part of a step.
	MaxStep float64
}

var (
	_ Watcher = (*SlowStart)(nil)
	_ Asker   = (*SlowStart)(nil)
)

// MetaTimeError reports a node whose metadata holds no time where a [SlowStart]
// looks for one.
type MetaTimeError struct {
	Name  string // of the node
	Key   string // MetaStartAt or MetaDrainAt
	Value string
}

// Error names the node, the key and the value.
func (e *MetaTimeError) Error() string {
	return fmt.Sprintf("node %q: %s %.40q is not a time like 2026-01-02T15:04:05Z", e.Name, e.Key, e.Value)
}

// check returns an error for values that cannot mean anything.
func (s *SlowStart) check() error {
	switch {
	case s.Over < 0:
		return fmt.Errorf("slow start: Over %v: must not be negative", s.Over)
	case !(s.Floor >= 0 && s.Floor <= 1): // NaN too
		return fmt.Errorf("slow start: Floor %v: must be a fraction from 0 to 1", s.Floor)
	case !(s.MaxStep >= 0 && s.MaxStep <= 1):
		return fmt.Errorf("slow start: MaxStep %v: must be a share from 0 to 1", s.MaxStep)
	}
	return nil
}

// Nodes is like Ask but returns the nodes alone.
func (s *SlowStart) Nodes(ctx context.Context) ([]Node, error) { return nodesOf(ctx, s) }

// Ask asks the source and returns the nodes with their weights of this moment.
func (s *SlowStart) Ask(ctx context.Context) (Update, error) {
	if err := s.check(); err != nil {
		return Update{}, err
	}
	u, err := Ask(ctx, s.Source)
	if err != nil {
		return Update{}, err
	}
	u, _ = s.weigh(u, time.Now())
	return u, nil
}

// Watch watches the source, and yields the last set again with other weights at
// each step.
func (s *SlowStart) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		if err := s.check(); err != nil {
			if ctx.Err() == nil && yield(Update{Err: err}) {
				<-ctx.Done()
			}
			return
		}
		updates, stop := listen(ctx, s.Source)
		defer stop()
		var last Update // as the source has it
		var step alarm
		defer step.stop()
		for {
			select {
			case u, open := <-updates:
				if !open {
					return
				}
				if u.Known() {
					last = u
				} else {
					last = last.failed(u.Err)
				}
			case <-step.c:
			}
			out, next := s.weigh(last.Clone(), time.Now())
			step.stop()
			if !next.IsZero() {
				step.set(time.Until(next))
			}
			if ctx.Err() != nil || !yield(out) {
				return
			}
		}
	}
}

// weigh gives the nodes of u their weights of a moment. Next is when a weight
// changes again, or zero. The update is the SlowStart's own.
func (s *SlowStart) weigh(u Update, now time.Time) (_ Update, next time.Time) {
	if s.Over == 0 {
		return u, time.Time{}
	}
	u.Skipped = slices.Clip(u.Skipped)
	r := s.ramps(&u)
	for i, n := range u.Nodes {
		var step time.Time
		u.Nodes[i], step = r.at(n, now)
		next = earlier(next, step)
	}
	return u, next
}
