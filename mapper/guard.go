package mapper

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

// Guard is a source that refuses a set of nodes too poor to be true, as a mass
// deregistration by mistake leaves it. What it refuses is a *GuardError, so
// that whoever follows it keeps the set before. Nodes that are drained do not
// count as nodes here. It is safe for any number of goroutines; its fields are
// set before it is used.
type Guard struct {
	Source Mapper

	// MinNodes is the fewest nodes accepted. Zero accepts any number.
	MinNodes int

	// MaxDrop is the greatest fraction of the nodes accepted last that may be
	// missing at once: 0.5 is half of them. Zero lets all of them go.
	MaxDrop float64

	// DropFor is how long a set must stay as it is for MaxDrop to give way to
	// it. Zero is for ever: then only the return of nodes, or a restart, ends
	// the refusal. Only Watch can wait.
	DropFor time.Duration

	// Poll is how often Watch asks a Source that cannot be watched. Zero means
	// DefaultPoll.
	Poll time.Duration

	mu   sync.Mutex
	last map[string]bool // accepted by Nodes
}

var _ Watcher = (*Guard)(nil)

// GuardError says why a Guard refused a set of nodes.
type GuardError struct {
	Before  int // nodes accepted last
	Nodes   int // nodes in the refused set
	Missing int // nodes accepted last that are not in the refused set
	// Min is the limit that was not reached; if it is 0, MaxDrop was exceeded.
	Min     int
	MaxDrop float64
}

// Error gives the figures and names the limit.
func (e *GuardError) Error() string {
	if e.Min > 0 {
		return fmt.Sprintf("refused a set of %d nodes: fewer than MinNodes (%d)", e.Nodes, e.Min)
	}
	return fmt.Sprintf("refused a set that lacks %d of %d nodes: more than MaxDrop (%g)", e.Missing, e.Before, e.MaxDrop)
}

// Nodes asks the source and compares with what Nodes accepted before.
func (g *Guard) Nodes(ctx context.Context) ([]Node, error) {
	nodes, err := g.Source.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal := g.check(g.last, nodes); refusal != nil {
		return nil, refusal
	}
	g.last = usable(nodes)
	return nodes, nil
}

// Watch watches the source and compares with what this watch accepted before.
func (g *Guard) Watch(ctx context.Context) iter.Seq2[[]Node, error] {
	return func(yield func([]Node, error) bool) {
		events, stop := listen(ctx, g.Source, g.Poll)
		defer stop()
		w := guarded{Guard: g}
		defer w.giveWay.stop()
		for {
			var e event
			var open bool
			select {
			case e, open = <-events:
				if !open {
					return
				}
				e = w.judge(e)
			case <-w.giveWay.c:
				e = w.accept(w.refused)
			}
			if ctx.Err() != nil || !yield(e.nodes, e.err) {
				return
			}
		}
	}
}

// guarded is one watch of a Guard.
type guarded struct {
	*Guard
	last    map[string]bool // accepted
	refused []Node
	giveWay alarm // rings when the refused set is to be accepted after all
}

func (w *guarded) judge(e event) event {
	w.giveWay.stop()
	if e.err != nil {
		return e
	}
	refusal := w.check(w.last, e.nodes)
	if refusal == nil {
		return w.accept(e.nodes)
	}
	if refusal.Min == 0 && w.DropFor > 0 {
		w.refused = e.nodes
		w.giveWay.set(w.DropFor)
	}
	return event{err: refusal}
}

func (w *guarded) accept(nodes []Node) event {
	w.last, w.refused = usable(nodes), nil
	w.giveWay.stop()
	return event{nodes: nodes}
}

// check returns nil if the set is rich enough.
func (g *Guard) check(last map[string]bool, nodes []Node) *GuardError {
	now := usable(nodes)
	refusal := &GuardError{Before: len(last), Nodes: len(now), MaxDrop: g.MaxDrop}
	for name := range last {
		if !now[name] {
			refusal.Missing++
		}
	}
	switch {
	case len(now) < g.MinNodes:
		refusal.Min = g.MinNodes
		return refusal
	case g.MaxDrop > 0 && float64(refusal.Missing) > g.MaxDrop*float64(len(last)):
		return refusal
	}
	return nil
}

// usable are the names of the nodes that can be given keys.
func usable(nodes []Node) map[string]bool {
	names := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		if n.Capacity() > 0 {
			names[n.Name] = true
		}
	}
	return names
}
