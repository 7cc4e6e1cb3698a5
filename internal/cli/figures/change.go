package figures

import (
	"context"
	"io"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/mapper"
)

// Edits are hypothetical changes of a list of nodes, in the forms of the flags of
// diff.
type Edits struct{ Add, Remove, Reweight []string }

// Apply returns a copy of nodes with the edits applied: removals, then weights, then
// additions.
func (e Edits) Apply(nodes []mapper.Node) ([]mapper.Node, error) {
	typed := edits{add: e.Add, remove: e.Remove, reweight: e.Reweight}
	return typed.apply(nodes)
}

// Change holds the figures of a change between two placements, which diff prints.
type Change struct {
	*compare.Movement
	view *diffView
}

// Measure counts the keys of a sample that move between two placements.
func Measure(ctx context.Context, before, after *place.Placement, sample int64) (*Change, error) {
	keys := &answer.Keys{Sample: sample}
	silent := &term.Streams{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }}
	m, err := measureChange(ctx, silent, before, after, keys, nil)
	if err != nil {
		return nil, err
	}
	return &Change{m, newDiffView(newDiffHead(before, after, m, keys), m, keys.Range(), before.Partial || after.Partial, false)}, nil
}

// JSON returns the value that diff -o json prints.
func (c *Change) JSON() any { return c.view }

// WriteText writes the tables that diff prints.
func (c *Change) WriteText(w io.Writer) error {
	escaped := *c.view
	escaped.Nodes, escaped.Flows = nil, nil
	for _, n := range c.view.Nodes {
		n.ID = term.Escape(n.ID)
		escaped.Nodes = append(escaped.Nodes, n)
	}
	for _, f := range c.view.Flows {
		f.From, f.To = term.Escape(f.From), term.Escape(f.To)
		escaped.Flows = append(escaped.Flows, f)
	}
	return writeDiffText(w, &escaped)
}

// Shares returns the fraction of all keys that each node owns, without looking at
// keys.
func Shares(p *place.Placement) []float64 { return nodeShares(p) }

// Circle returns the arcs of a ring in a few hundred steps, or nil for any other
// ranking.
func Circle(p *place.Placement) []report.Arc { return arcsOf(p) }
