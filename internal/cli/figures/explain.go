package figures

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

// explainOptions are the options of explain.
type explainOptions struct {
	std       *term.Streams
	source    source.Flags
	placement place.Flags
	format    term.Format[*explanation]
	key       string
}

// NewExplain returns the command explain.
func NewExplain(std *term.Streams) *cobra.Command {
	o := &explainOptions{std: std}
	c := &cobra.Command{
		Use:   "explain [flags] KEY",
		Short: "Show why a node owns a key",
		Long: `Show why a node owns a key: all nodes of the source, first the eligible ones by
rank with their scores, then the others with the reason for their exclusion.

RAW is the hash of the node and the key in hexadecimal digits; among nodes of
equal weight the highest wins. SCORE is -weight/ln(RAW/2^64); the highest wins
among all nodes. A ring has no scores: it shows the points of each node and their
share of all keys.

If no node is eligible, the nodes are listed nevertheless, and the exit code is
65.`,
		Example: `  proxenos explain -f nodes.txt user:42
  proxenos explain -b consul -s web --exclude-address 10.0.0.9 user:42 -o json`,
		Args: term.Args("KEY"),
		RunE: func(c *cobra.Command, args []string) error {
			o.key = args[0]
			if err := o.placement.Parse(c, o.std); err != nil {
				return err
			}
			if err := o.source.Parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.format.Bind(c, "text or json", term.TextOrJSON(writeExplanationText)...)
	o.placement.Bind(c, place.Algorithms)
	o.source.Bind(c)
	return c
}

// candidate is a node with its rank and score, or the reason for its exclusion.
type candidate struct {
	Rank int `json:"rank,omitempty"` // from 1; 0 if excluded
	answer.NodeView
	Raw      string   `json:"raw,omitempty"`
	Score    *float64 `json:"score,omitempty"`
	Points   *int     `json:"points,omitempty"`
	Share    *float64 `json:"share,omitempty"`
	Excluded string   `json:"excluded,omitempty"`
}

// explanation is the output of explain -o json.
type explanation struct {
	Schema     string      `json:"schema"`
	Key        string      `json:"key"`
	Algorithm  string      `json:"algorithm"`
	Hash       string      `json:"hash,omitempty"`
	Checksum   string      `json:"checksum"`
	Addresses  string      `json:"address_checksum"`
	Partial    bool        `json:"partial,omitempty"`
	Candidates []candidate `json:"candidates"`
}

func (o *explainOptions) run(ctx context.Context) error {
	all := o.source
	all.Filters = source.Filters{}
	f, err := all.Ask(ctx, o.std)
	if err != nil {
		return err
	}
	kept := o.source.Filters.Apply(f.Nodes)
	p, err := o.placement.Build(kept)
	if err != nil {
		return err
	}
	p.Partial = f.Partial
	e := o.explain(p, f.Nodes)
	var written error
	if len(f.Nodes) > 0 {
		written = o.format.Write(o.std.Out, e)
	}
	return o.std.Verdict(o.source.RequireNodes(kept, f.Reported), written)
}

// explain ranks the nodes of the placement, and gives a reason for each other node
// of the source.
func (o *explainOptions) explain(p *place.Placement, reported []mapper.Node) *explanation {
	views := answer.EscapedViews(p.Nodes, o.format.Is("text") || term.IsTerminal(o.std.Out))
	e := &explanation{
		Schema: "proxenos.explain/v1", Key: o.key,
		Algorithm: p.Algorithm, Hash: p.Hash, Checksum: p.ChecksumText(), Addresses: place.AddressChecksum(p.Nodes), Partial: p.Partial,
	}
	ranked := make([]bool, len(p.Nodes))
	for i := range p.Rank(o.key) {
		ranked[i] = true
		e.Candidates = append(e.Candidates, candidate{Rank: len(e.Candidates) + 1, NodeView: views[i]})
	}
	e.addScores(p)
	e.addArcs(p)
	for i, n := range p.Nodes {
		if !ranked[i] {
			e.Candidates = append(e.Candidates, candidate{NodeView: views[i], Excluded: notRanked(n, p)})
		}
	}
	return o.addFiltered(e, reported)
}

// addFiltered adds the nodes that the filters drop.
func (o *explainOptions) addFiltered(e *explanation, reported []mapper.Node) *explanation {
	views := answer.EscapedViews(reported, o.format.Is("text") || term.IsTerminal(o.std.Out))
	for i, n := range reported {
		if reason := o.source.Filters.Refuses(n); reason != "" {
			e.Candidates = append(e.Candidates, candidate{NodeView: views[i], Excluded: term.Escape(reason)})
		}
	}
	return e
}

// scoredRanking is a ranking by scores.
type scoredRanking interface {
	Scores(key string) iter.Seq2[int, rendezvous.Score]
}

// addScores adds the scores of the ranked nodes. Both have the same order.
func (e *explanation) addScores(p *place.Placement) {
	s, ok := p.Ranking.(scoredRanking)
	if !ok {
		return
	}
	at := 0
	for _, score := range s.Scores(e.Key) {
		if at == len(e.Candidates) {
			return // drained nodes follow
		}
		e.Candidates[at].Raw = fmt.Sprintf("%016x", score.Raw)
		e.Candidates[at].Score = &score.Value
		at++
	}
}

// addArcs adds the points and shares of a ring.
func (e *explanation) addArcs(p *place.Placement) {
	ring, ok := p.Ranking.(circle)
	if !ok {
		return
	}
	points, shares := make([]int, len(p.Nodes)), nodeShares(p)
	for _, i := range ring.Points() {
		points[i]++
	}
	at := 0
	for i := range p.Rank(e.Key) {
		e.Candidates[at].Points, e.Candidates[at].Share = &points[i], &shares[i]
		at++
	}
}

// notRanked returns the reason why a node of the placement owns no key.
func notRanked(n mapper.Node, p *place.Placement) string {
	switch {
	case n.Capacity() == 0:
		return "drained: weight 0"
	case p.Algorithm == "python-proxenos":
		return "a node with a smaller ID has the same address"
	default:
		return "weight too small for a point on the ring"
	}
}

func writeExplanationText(w io.Writer, e *explanation) error {
	header := []string{"RANK", "ID", "ADDRESS", "WEIGHT", "RAW", "SCORE", "WHY NOT"}
	if len(e.Candidates) > 0 && e.Candidates[0].Points != nil {
		header[4], header[5] = "POINTS", "SHARE"
	}
	rows := [][]string{header}
	for _, c := range e.Candidates {
		row := []string{"", c.ID, c.Address, term.Number(c.Weight), c.Raw, "", c.Excluded}
		if c.Rank > 0 {
			row[0] = strconv.Itoa(c.Rank)
		}
		if c.Score != nil {
			row[5] = fmt.Sprintf("%.6g", *c.Score)
		}
		if c.Points != nil {
			row[4], row[5] = strconv.Itoa(*c.Points), term.Percent(*c.Share)
		}
		rows = append(rows, row)
	}
	return term.WriteTable(w, rows)
}
