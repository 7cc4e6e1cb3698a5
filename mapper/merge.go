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
	return p.merged(), nil
}

// Watch watches all sources. A source that fails keeps its nodes, and its error
// stands in each Update until it answers.
func (m *Merge) Watch(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		updates, stop := m.listen(ctx)
		defer stop()
		p := newParts(m)
		if len(m.Sources) == 0 && !yield(p.merged()) {
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
				out = p.merged()
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
	return fmt.Errorf("source %d of %d: %w", source+1, len(p.updates), err)
}

func (p *parts) merged() Update {
	all := make(map[string]Node)
	out := Update{Err: p.err()}
	var confirmed []time.Time
	for i, u := range p.updates {
		if !p.answered[i] {
			out.Skipped = append(out.Skipped, cmp.Or(p.failure(i), fmt.Errorf("source %d of %d: %w", i+1, len(p.updates), ErrNoAnswer)))
			continue
		}
		p.gather(all, u.Nodes)
		out.Skipped = append(out.Skipped, u.Skipped...)
		out.Origin = max(out.Origin, u.Origin)
		confirmed = append(confirmed, u.Confirmed)
	}
	if len(confirmed) > 0 { // the zero time, which is not known, comes first
		out.Confirmed = slices.MinFunc(confirmed, time.Time.Compare)
	}
	nodes := slices.SortedFunc(maps.Values(all), func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	out.Nodes = Clone(nodes)
	return out
}

// gather adds the nodes of a source that the sources before it do not have.
func (p *parts) gather(all map[string]Node, nodes []Node) {
	for _, n := range nodes {
		first, taken := all[n.Name]
		switch {
		case !taken:
			all[n.Name] = n
		case p.Conflict != nil && !first.Equal(n):
			p.Conflict(first, n)
		}
	}
}
