package mapper

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Merge is a source made of several: its nodes are those of all of them,
// sorted by name. A node that several sources report is that of the first of
// them in the order of Sources.
//
// A merged Update is as sure as the least sure of its parts: it has the oldest
// Confirmed and the greatest Origin among them, and the Skipped records of all.
//
// It is safe for concurrent use. Its fields must not change once it is used.
type Merge struct {
	Sources []Mapper

	// Names of the sources, for errors. Nil numbers them: source 1 of 2.
	Names []string

	// Strict makes it an error that two sources report a node with different data:
	// a [*ConflictError], while the set before it stands. Nothing says which of
	// the two is right, and clients with another order of Sources would place keys
	// differently.
	Strict bool

	// Partial goes on with the sources that answer before all of them have
	// answered once. The set is partial then: Skipped names the missing sources.
	// False waits, as half a set places keys wrongly.
	Partial bool

	// Conflict is called for each node that two sources report with different
	// data, each time sets are merged. A watch calls it from one goroutine, and
	// it must not block. It may be nil.
	Conflict func(kept, dropped Node)
}

var (
	_ Watcher = (*Merge)(nil)
	_ Asker   = (*Merge)(nil)
)

// Nodes is like Ask but returns the nodes alone.
func (m *Merge) Nodes(ctx context.Context) ([]Node, error) { return nodesOf(ctx, m) }

// Ask asks all sources at the same time. If one fails, Ask returns its error,
// unless Partial is set and another has an answer.
func (m *Merge) Ask(ctx context.Context) (Update, error) {
	p := newParts(m)
	var asked sync.WaitGroup
	for i, s := range m.Sources {
		asked.Go(func() {
			u, err := Ask(ctx, s)
			if err != nil {
				u = Update{Err: err}
			}
			p.updates[i], p.answered[i] = u, err == nil
		})
	}
	asked.Wait()
	switch {
	case ctx.Err() != nil:
		return Update{}, ctx.Err()
	case !p.complete():
		return Update{}, p.err()
	}
	return p.merged()
}

// Watch watches all sources. A source that fails keeps its nodes, and its error
// stands in each Update until it answers.
func (m *Merge) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		updates, stop := m.listen(ctx)
		defer stop()
		p := newParts(m)
		if len(m.Sources) == 0 && !yield(Update{Nodes: []Node{}}) {
			return
		}
		for {
			var u part
			select {
			case u = <-updates:
			case <-ctx.Done():
				return
			}
			p.take(u)
			var out Update
			switch {
			case p.complete():
				var err error
				if out, err = p.merged(); err != nil {
					out.Err = err
				}
			case u.Err != nil:
				out.Err = p.err()
			default:
				continue // others have not answered yet
			}
			if ctx.Err() != nil || !yield(out) {
				return
			}
		}
	}
}

// part is an update of one of the sources.
type part struct {
	source int
	Update
}

// listen puts the updates of all sources into one channel.
func (m *Merge) listen(ctx context.Context) (<-chan part, func()) {
	ctx, cancel := context.WithCancel(ctx)
	updates := make(chan part)
	var running sync.WaitGroup
	for i, s := range m.Sources {
		running.Go(func() {
			for u := range watcherOf(s).Watch(ctx) {
				select {
				case updates <- part{i, u}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return updates, func() {
		cancel()
		running.Wait()
	}
}

// parts are the latest updates of the sources.
type parts struct {
	*Merge
	updates  []Update
	answered []bool
}

func newParts(m *Merge) *parts {
	n := len(m.Sources)
	return &parts{m, make([]Update, n), make([]bool, n)}
}

func (p *parts) take(u part) {
	if !u.Known() {
		p.updates[u.source].Err = u.Err // the set before stands
		return
	}
	p.updates[u.source], p.answered[u.source] = u.Update, true
}

// complete reports whether there is a set to give out.
func (p *parts) complete() bool {
	missing := slices.Contains(p.answered, false)
	return !missing || p.Partial && slices.Contains(p.answered, true)
}

// err joins the errors of the sources that fail.
func (p *parts) err() error {
	var failing []error
	for i := range p.updates {
		if err := p.failure(i); err != nil {
			failing = append(failing, err)
		}
	}
	return join(failing...)
}

func (p *parts) failure(source int) error {
	err := p.updates[source].Err
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", p.name(source), err)
}

func (p *parts) name(source int) string {
	if source < len(p.Names) {
		return p.Names[source]
	}
	return fmt.Sprintf("source %d of %d", source+1, len(p.updates))
}

// merged returns the set, or the zero Update with a [*ConflictError].
func (p *parts) merged() (Update, error) {
	all := make(map[string]reported)
	out := Update{Err: p.err()}
	var confirmed []time.Time
	for i, u := range p.updates {
		if !p.answered[i] {
			out.Skipped = append(out.Skipped, cmp.Or(p.failure(i), fmt.Errorf("%s: %w", p.name(i), ErrNoAnswer)))
			continue
		}
		if err := p.gather(all, i); err != nil {
			return Update{}, err
		}
		out.Skipped = append(out.Skipped, u.Skipped...)
		out.Origin = max(out.Origin, u.Origin)
		confirmed = append(confirmed, u.Confirmed)
	}
	if len(confirmed) > 0 { // the zero time, which is not known, comes first
		out.Confirmed = slices.MinFunc(confirmed, time.Time.Compare)
	}
	out.Nodes = make([]Node, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out.Nodes = append(out.Nodes, all[name].node.Clone())
	}
	return out, nil
}

// reported is a node and the source that it is taken from.
type reported struct {
	node   Node
	source int
}

// gather adds the nodes of a source that the sources before it do not have.
func (p *parts) gather(all map[string]reported, source int) error {
	for _, n := range p.updates[source].Nodes {
		first, taken := all[n.Name]
		switch {
		case !taken:
			all[n.Name] = reported{n, source}
		case first.node.Equal(n):
		case p.Strict:
			return &ConflictError{Node: n.Name, Sources: [2]string{p.name(first.source), p.name(source)}}
		case p.Conflict != nil:
			p.Conflict(first.node, n)
		}
	}
	return nil
}

// ConflictError says that two sources report a node with different data.
type ConflictError struct {
	Node    string    // its name
	Sources [2]string // as in [Merge.Names]
}

// Error names the node and both sources.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s and %s report node %q with different data", e.Sources[0], e.Sources[1], e.Node)
}
