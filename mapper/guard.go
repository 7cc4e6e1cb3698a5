package mapper

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Guard is a source that rejects an update that loses too many nodes, as a mass
// deregistration by mistake does. The set accepted last stands then, and a
// [*GuardError] says why it may be stale. Drained nodes do not count as nodes
// here. It also limits the weight that a node can claim.
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
	// it: the way out after a blue/green swap, which replaces all nodes. Zero
	// means never: only the return of nodes or a restart ends the rejection then.
	// Nodes and Ask accept such a set when they are called again after that time.
	DropFor time.Duration

	// MaxWeight is the greatest weight of a node, for sources in which every
	// node sets its own. A greater weight is lowered to it, and a [*WeightError]
	// in Update.Skipped says so. Zero limits no weight.
	MaxWeight float64

	mu       sync.Mutex
	last     map[string]bool // accepted by Nodes or Ask
	rejected []Node          // by Nodes or Ask
	since    time.Time       // when they were first
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
		return fmt.Sprintf("rejected a set of %d %s: the minimum is %d", e.Nodes, nodesWord(e.Nodes), e.Min)
	}
	return fmt.Sprintf("rejected a set that lacks %d of %d %s: the limit is %g%%", e.Missing, e.Before, nodesWord(e.Before), 100*e.MaxDrop)
}

// nodesWord returns the word after a number of nodes.
func nodesWord(n int) string {
	if n == 1 {
		return "node"
	}
	return "nodes"
}

// check returns an error for limits that cannot mean anything: they must not pass
// for "no limit".
func (g *Guard) check() error {
	switch {
	case g.MinNodes < 0:
		return fmt.Errorf("guard: MinNodes %d: must not be negative", g.MinNodes)
	case !(g.MaxDrop >= 0 && g.MaxDrop <= 1): // NaN too
		return fmt.Errorf("guard: MaxDrop %v: must be a fraction from 0 to 1", g.MaxDrop)
	case g.DropFor < 0:
		return fmt.Errorf("guard: DropFor %v: must not be negative", g.DropFor)
	case !(g.MaxWeight >= 0 && g.MaxWeight <= MaxWeight): // NaN too
		return fmt.Errorf("guard: MaxWeight %v: must be from 0 to %g", g.MaxWeight, MaxWeight)
	}
	return nil
}

// seed sets what was accepted last, unless something was since.
func (g *Guard) seed(nodes []Node) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == nil {
		g.last = usable(nodes)
	}
}

// Nodes is like Ask but returns the nodes alone.
func (g *Guard) Nodes(ctx context.Context) ([]Node, error) { return nodesOf(ctx, g) }

// Ask asks the source and compares the answer with what Nodes and Ask accepted
// before. A rejected set is an error, a [*GuardError].
func (g *Guard) Ask(ctx context.Context) (Update, error) {
	if err := g.check(); err != nil {
		return Update{}, err
	}
	u, err := Ask(ctx, g.Source)
	if err != nil {
		return Update{}, err
	}
	u = g.limitWeights(u)
	g.mu.Lock()
	defer g.mu.Unlock()
	if rejection := g.compare(g.last, u.Nodes); rejection != nil && !g.givesWay(rejection, u.Nodes) {
		return Update{}, rejection
	}
	g.last, g.rejected, g.since = usable(u.Nodes), nil, time.Time{}
	return u, nil
}

// givesWay reports whether a set has been rejected for DropFor already. The lock
// is held.
func (g *Guard) givesWay(rejection *GuardError, nodes []Node) bool {
	if rejection.Min > 0 || g.DropFor <= 0 {
		return false
	}
	if g.since.IsZero() || !Equal(g.rejected, nodes) {
		g.rejected, g.since = Clone(nodes), time.Now()
	}
	return time.Since(g.since) >= g.DropFor
}

// Watch watches the source and compares each set with the one that was accepted
// before: by this watch, or else by Ask, or else by the snapshot of a [Cached]
// around the Guard.
func (g *Guard) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		if err := g.check(); err != nil {
			if ctx.Err() == nil && yield(Update{Err: err}) {
				<-ctx.Done()
			}
			return
		}
		updates, stop := listen(ctx, g.Source)
		defer stop()
		w := guarded{Guard: g, names: g.baseline()}
		defer w.giveWay.stop()
		for {
			var out Update
			select {
			case u, open := <-updates:
				if !open {
					return
				}
				out = w.judge(g.limitWeights(u))
			case <-w.giveWay.c:
				out = w.accept(w.rejected)
			}
			if ctx.Err() != nil || !yield(out) {
				return
			}
		}
	}
}

// baseline returns what was accepted before a watch.
func (g *Guard) baseline() map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.last)
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
	rejection := w.compare(w.names, u.Nodes)
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

// compare returns nil if enough nodes are left.
func (g *Guard) compare(last map[string]bool, nodes []Node) *GuardError {
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

// WeightError reports a node whose weight a Guard lowered.
type WeightError struct {
	Name   string  // of the node
	Weight float64 // as the source has it
	Max    float64 // as the Guard passes it on
}

// Error names the node and both weights.
func (e *WeightError) Error() string {
	return fmt.Sprintf("node %q: weight %g was lowered to the limit, %g", e.Name, e.Weight, e.Max)
}

// limitWeights lowers the weights above MaxWeight. The update is the Guard's own.
func (g *Guard) limitWeights(u Update) Update {
	if g.MaxWeight == 0 {
		return u
	}
	u.Skipped = slices.Clip(u.Skipped)
	for i, n := range u.Nodes {
		if n.Weight > g.MaxWeight {
			u.Nodes[i].Weight = g.MaxWeight
			u.Skipped = append(u.Skipped, &WeightError{n.Name, n.Weight, g.MaxWeight})
		}
	}
	return u
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
