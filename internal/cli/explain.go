package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
)

var explainFormats = []string{"text", "json"}

// explainOptions say for which key to lay open the choice.
type explainOptions struct {
	std    *streams
	source sourceOptions
	scheme schemeOptions
	format string
	key    string
}

func newExplain(std *streams) *cobra.Command {
	o := &explainOptions{std: std}
	c := &cobra.Command{
		Use:   "explain [flags] KEY",
		Short: "Tell why a node owns a key and the others do not",
		Long: `Tell why a node owns a key and the others do not: every node that the source
reports, first those that can be chosen in order of rank, each with its score,
and then the others, each with the reason.

RAW is the hash of the node and the key in hexadecimal digits, and decides
among nodes of one weight. SCORE is -weight/ln(RAW/2^64) and decides among nodes
of different weights. A ring has no scores but, for each node, the number of
its points and the share of all keys that they own.

If nobody can be chosen the nodes are listed all the same, and the exit code
is 65.`,
		Example: `  proxenos explain -f nodes.txt user:42
  proxenos explain -b consul -s web --exclude-address 10.0.0.9 user:42 -o json`,
		Args: wantArgs("KEY"),
		RunE: func(c *cobra.Command, args []string) error {
			o.key = args[0]
			if err := o.scheme.parse(c, o.std); err != nil {
				return err
			}
			if err := o.source.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	addGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.format, "output", "o", "text", "text or json")
	})
	complete(c, "output", explainFormats)
	o.scheme.bind(c, algorithms)
	o.source.bind(c)
	return c
}

// candidate is a node with what speaks for it or against it.
type candidate struct {
	Rank int `json:"rank,omitempty"` // from 1; 0 if it cannot be chosen
	nodeView
	Raw      string   `json:"raw,omitempty"`
	Score    *float64 `json:"score,omitempty"`
	Points   *int     `json:"points,omitempty"`
	Share    *float64 `json:"share,omitempty"`
	Excluded string   `json:"excluded,omitempty"`
}

// explanation is what explain -o json prints.
type explanation struct {
	Schema     string      `json:"schema"`
	Key        string      `json:"key"`
	Algorithm  string      `json:"algorithm"`
	Hash       string      `json:"hash,omitempty"`
	Checksum   string      `json:"checksum"`
	Candidates []candidate `json:"candidates"`
}

var explainWriters = map[string]func(io.Writer, *explanation) error{
	"text": writeExplanationText,
	"json": func(w io.Writer, e *explanation) error { return writeJSON(w, e) },
}

func (o *explainOptions) run(ctx context.Context) error {
	write := explainWriters[o.format]
	if write == nil {
		return unknownChoice("output format", o.format, explainFormats)
	}
	all := o.source
	all.filter = filterOptions{}
	f, err := all.ask(ctx, o.std)
	if err != nil {
		return err
	}
	kept := &found{nodes: o.source.filter.apply(f.nodes), reported: f.reported}
	p, err := o.scheme.build(kept.nodes)
	if err != nil {
		return err
	}
	e := o.explain(p, f.nodes)
	if len(f.nodes) > 0 {
		if err := write(o.std.Out, e); err != nil {
			return as(errIO, err)
		}
	}
	return kept.nobody(o.source.choice())
}

// explain ranks the nodes that were placed and gives a reason for each of the
// others that the source reported.
func (o *explainOptions) explain(p *placement, reported []mapper.Node) *explanation {
	views := tameViews(p.nodes, o.format == "text" || isTerminal(o.std.Out))
	e := &explanation{
		Schema: "proxenos.explain/v1", Key: o.key,
		Algorithm: p.algorithm, Hash: p.hash, Checksum: checksumText(p),
	}
	ranked := make([]bool, len(p.nodes))
	for i := range p.Rank(o.key) {
		ranked[i] = true
		e.Candidates = append(e.Candidates, candidate{Rank: len(e.Candidates) + 1, nodeView: views[i]})
	}
	e.addScores(p)
	e.addArcs(p)
	for i, n := range p.nodes {
		if !ranked[i] {
			e.Candidates = append(e.Candidates, candidate{nodeView: views[i], Excluded: notRanked(n, p)})
		}
	}
	return o.addFiltered(e, reported)
}

// addFiltered adds the nodes that the filters keep out.
func (o *explainOptions) addFiltered(e *explanation, reported []mapper.Node) *explanation {
	views := tameViews(reported, o.format == "text" || isTerminal(o.std.Out))
	for i, n := range reported {
		if reason := o.source.filter.refuses(n); reason != "" {
			e.Candidates = append(e.Candidates, candidate{nodeView: views[i], Excluded: tame(reason)})
		}
	}
	return e
}

// scored is a scheme that decides by scores.
type scored interface {
	Scores(key string) iter.Seq2[int, rendezvous.Score]
}

// addScores adds the scores of the ranked nodes, which have the same order.
func (e *explanation) addScores(p *placement) {
	s, ok := p.scheme.(scored)
	if !ok {
		return
	}
	at := 0
	for _, score := range s.Scores(e.Key) {
		if at == len(e.Candidates) {
			return // the drained ones follow
		}
		e.Candidates[at].Raw = fmt.Sprintf("%016x", score.Raw)
		e.Candidates[at].Score = &score.Value
		at++
	}
}

// addArcs adds what a ring has instead of scores.
func (e *explanation) addArcs(p *placement) {
	ring, ok := p.scheme.(circle)
	if !ok {
		return
	}
	points, shares := make([]int, len(p.nodes)), p.shares()
	for _, i := range ring.Points() {
		points[i]++
	}
	at := 0
	for i := range p.Rank(e.Key) {
		e.Candidates[at].Points, e.Candidates[at].Share = &points[i], &shares[i]
		at++
	}
}

// notRanked says why a node that was placed can never be chosen.
func notRanked(n mapper.Node, p *placement) string {
	switch {
	case n.Capacity() == 0:
		return "drained: its weight is 0"
	case p.algorithm == "python-proxenos":
		return "another node has its address and a smaller ID"
	default:
		return "its weight is too small for a point on the ring"
	}
}

func writeExplanationText(w io.Writer, e *explanation) error {
	header := []string{"RANK", "ID", "ADDRESS", "WEIGHT", "RAW", "SCORE", "WHY NOT"}
	if len(e.Candidates) > 0 && e.Candidates[0].Points != nil {
		header[4], header[5] = "POINTS", "SHARE"
	}
	rows := [][]string{header}
	for _, c := range e.Candidates {
		row := []string{"", c.ID, c.Address, number(c.Weight), c.Raw, "", c.Excluded}
		if c.Rank > 0 {
			row[0] = strconv.Itoa(c.Rank)
		}
		if c.Score != nil {
			row[5] = fmt.Sprintf("%.6g", *c.Score)
		}
		if c.Points != nil {
			row[4], row[5] = strconv.Itoa(*c.Points), percent(*c.Share)
		}
		rows = append(rows, row)
	}
	return writeTable(w, rows)
}
