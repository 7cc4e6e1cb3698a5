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
// them in the order of Sources. It is safe for any number of goroutines; its
// fields are set before it is used.
type Merge struct {
	Sources []Mapper

	// Partial goes on with the sources that answer before all of them have
	// answered once. False waits, as half a set places keys wrongly.
	Partial bool

	// Conflict is told of a node that two sources report with different data,
	// each time sets are merged. It is called by one goroutine at a time for a
	// watch, and must not block. Nil tells nobody.
	Conflict func(kept, dropped Node)

	// Poll is how often Watch asks Sources that cannot be watched. Zero means
	// DefaultPoll.
	Poll time.Duration
}

var _ Watcher = (*Merge)(nil)

// Nodes asks all sources at the same time. If one fails the answer is its
// error, unless Partial is set and another has an answer.
func (m *Merge) Nodes(ctx context.Context) ([]Node, error) {
	p := newParts(m)
	var asked sync.WaitGroup
	for i, s := range m.Sources {
		asked.Go(func() {
			nodes, err := s.Nodes(ctx)
			p.sets[i], p.errs[i], p.answered[i] = nodes, err, err == nil
		})
	}
	asked.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.complete() {
		return p.merged(), nil
	}
	return nil, p.err()
}

// Watch watches all sources. One that fails keeps its nodes; its error is
// reported, and again after each set until it answers.
func (m *Merge) Watch(ctx context.Context) iter.Seq2[[]Node, error] {
	return func(yield func([]Node, error) bool) {
		events, stop := m.listen(ctx)
		defer stop()
		p := newParts(m)
		if len(m.Sources) == 0 && !yield(nil, nil) {
			return
		}
		for {
			var e part
			select {
			case e = <-events:
			case <-ctx.Done():
				return
			}
			p.take(e)
			for _, out := range p.report(e) {
				if ctx.Err() != nil || !yield(out.nodes, out.err) {
					return
				}
			}
		}
	}
}

// part is an event of one of the sources.
type part struct {
	source int
	event
}

// listen puts the events of all sources into one channel.
func (m *Merge) listen(ctx context.Context) (<-chan part, func()) {
	ctx, cancel := context.WithCancel(ctx)
	events := make(chan part)
	var running sync.WaitGroup
	for i, s := range m.Sources {
		running.Go(func() {
			for nodes, err := range Watch(ctx, s, m.Poll) {
				select {
				case events <- part{i, event{nodes, err}}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return events, func() {
		cancel()
		running.Wait()
	}
}

// parts are the sets of the sources.
type parts struct {
	*Merge
	sets     [][]Node
	errs     []error
	answered []bool
}

func newParts(m *Merge) *parts {
	n := len(m.Sources)
	return &parts{m, make([][]Node, n), make([]error, n), make([]bool, n)}
}

func (p *parts) take(e part) {
	p.errs[e.source] = e.err
	if e.err == nil {
		p.sets[e.source], p.answered[e.source] = e.nodes, true
	}
}

// report is what a watch yields after an event.
func (p *parts) report(e part) []event {
	var out []event
	if e.err == nil && p.complete() {
		out = append(out, event{nodes: p.merged()})
	}
	if err := p.err(); err != nil && (e.err != nil || len(out) > 0) {
		out = append(out, event{err: err})
	}
	return out
}

// complete reports whether there is a set worth having.
func (p *parts) complete() bool {
	missing := slices.Contains(p.answered, false)
	return !missing || p.Partial && slices.Contains(p.answered, true)
}

// err joins the errors of the sources that fail.
func (p *parts) err() error {
	var failing []error
	for i, err := range p.errs {
		if err != nil {
			failing = append(failing, fmt.Errorf("source %d of %d: %w", i+1, len(p.errs), err))
		}
	}
	return join(failing...)
}

func (p *parts) merged() []Node {
	all := make(map[string]Node)
	for _, set := range p.sets {
		for _, n := range set {
			first, taken := all[n.Name]
			switch {
			case !taken:
				all[n.Name] = n
			case p.Conflict != nil && !first.Equal(n):
				p.Conflict(first, n)
			}
		}
	}
	nodes := slices.SortedFunc(maps.Values(all), func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	return Clone(nodes)
}
