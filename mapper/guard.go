package mapper

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

// Guard is a source that rejects an update that loses too many nodes, as a mass
// deregistration by mistake does. The set accepted last stands then, and a
// [*GuardError] says why it may be stale. Drained nodes do not count as nodes
// here.
//
// It is safe for concurrent use. Its fields must not change once it is used.
type Guard struct {
	Source Mapper

	// MinNodes is the fewest nodes accepted. Zero accepts any number.
	MinNodes int

	// MaxDrop is the greatest fraction of the nodes accepted last that may be
	// missing at once: 0.5 is half of them. Zero lets all of them go.
	MaxDrop float64

	// DropFor is how long a set must stay as it is for MaxDrop to give way to
	// it. Zero means never: only the return of nodes or a restart ends the
	// rejection then. It applies to Watch, as a single question cannot wait.
	DropFor time.Duration

	mu   sync.Mutex
	last map[string]bool // accepted by Nodes or Ask
}

var (
	_ Watcher = (*Guard)(nil)
	_ Asker   = (*Guard)(nil)
)

// GuardError says why a Guard rejected a set of nodes.
type GuardError struct {
	Before  int // nodes accepted last
	Nodes   int // nodes in the rejected set
	Missing int // nodes accepted last that are not in the rejected set
	// Min is the limit that was not reached. If it is 0, MaxDrop was exceeded.
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

// Nodes is like Ask but returns the nodes alone.
func (g *Guard) Nodes(ctx context.Context) ([]Node, error) { return nodesOf(ctx, g) }

// Ask asks the source and compares the answer with what Nodes and Ask accepted
// before. A rejected set is an error, a [*GuardError].
func (g *Guard) Ask(ctx context.Context) (Update, error) {
	u, err := Ask(ctx, g.Source)
	if err != nil {
		return Update{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if rejection := g.check(g.last, u.Nodes); rejection != nil {
		return Update{}, rejection
	}
	g.last = usable(u.Nodes)
	return u, nil
}

// Watch watches the source and compares each set with the one that this watch
// accepted before.
func (g *Guard) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		updates, stop := listen(ctx, g.Source)
		defer stop()
		w := guarded{Guard: g}
		defer w.giveWay.stop()
		for {
			var out Update
			select {
			case u, open := <-updates:
				if !open {
					return
				}
				out = w.judge(u)
			case <-w.giveWay.c:
				out = w.accept(w.rejected)
			}
			if ctx.Err() != nil || !yield(out) {
				return
			}
		}
	}
}

// guarded is one watch of a Guard.
type guarded struct {
	*Guard
	accepted Update
	names    map[string]bool // of the nodes accepted
	rejected Update
	giveWay  alarm // rings when the rejected set is to be accepted after all
}

// judge returns what to yield for an update of the source.
func (w *guarded) judge(u Update) Update {
	if !u.Known() {
		w.giveWay.stop()
		return w.accepted.Clone().failed(u.Err)
	}
	rejection := w.check(w.names, u.Nodes)
	if rejection == nil {
		return w.accept(u)
	}
	if u.Err != nil { // a source that fails confirms nothing
		w.giveWay.stop()
		return w.accepted.Clone().failed(join(u.Err, rejection))
	}
	w.waitFor(u, rejection)
	return w.accepted.Clone().failed(rejection)
}

// waitFor starts the time after which the rejected set is accepted, unless it
// runs for that set already.
func (w *guarded) waitFor(u Update, rejection *GuardError) {
	same := w.giveWay.c != nil && Equal(w.rejected.Nodes, u.Nodes)
	w.rejected = u
	switch {
	case rejection.Min > 0 || w.DropFor <= 0:
		w.giveWay.stop()
	case !same:
		w.giveWay.set(w.DropFor)
	}
}

func (w *guarded) accept(u Update) Update {
	w.accepted, w.names, w.rejected = u.Clone(), usable(u.Nodes), Update{}
	w.giveWay.stop()
	return u
}

// check returns nil if enough nodes are left.
func (g *Guard) check(last map[string]bool, nodes []Node) *GuardError {
	now := usable(nodes)
	rejection := &GuardError{Before: len(last), Nodes: len(now), MaxDrop: g.MaxDrop}
	for name := range last {
		if !now[name] {
			rejection.Missing++
		}
	}
	switch {
	case len(now) < g.MinNodes:
		rejection.Min = g.MinNodes
		return rejection
	case g.MaxDrop > 0 && float64(rejection.Missing) > g.MaxDrop*float64(len(last)):
		return rejection
	}
	return nil
}

// usable returns the names of the nodes that can be given keys.
func usable(nodes []Node) map[string]bool {
	names := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		if n.Capacity() > 0 {
			names[n.Name] = true
		}
	}
	return names
}
