package figures

import (
	"context"
	"encoding/csv"
	"io"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// sharesOptions are the options of ring shares.
type sharesOptions struct {
	ringOptions
	format term.Format[[]shareView]
}

func newRingShares(std *term.Streams) *cobra.Command {
	o := &sharesOptions{ringOptions: ringOptions{std: std}}
	c := &cobra.Command{
		Use:   "shares [flags]",
		Short: "Show the share of all keys that each node owns",
		Long: `Show the exact share of all keys that each node of a ring owns, beside the fair
share by its weight.`,
		Example: `  proxenos ring shares -n a -n b -n c,w=2
  proxenos ring shares -a continuum -f servers.txt -o json`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.format.Bind(c, "text, json or csv",
		term.Writer[[]shareView]{Name: "text", Write: writeSharesText},
		term.Writer[[]shareView]{Name: "json", Write: writeSharesJSON},
		term.Writer[[]shareView]{Name: "csv", Write: writeSharesCSV})
	o.bind(c)
	return c
}

// shareView is the share of a node.
type shareView struct {
	answer.NodeView
	Share float64 `json:"share"`
	Fair  float64 `json:"fair"`
}

func (o *sharesOptions) run(ctx context.Context) error {
	p, circle, err := o.circle(ctx)
	if err != nil {
		return err
	}
	nodes := answer.Views(p.Nodes, o.format.Is("text") || o.format.Is("csv") && term.IsTerminal(o.std.Out))
	return o.format.Write(o.std.Out, sharesOf(circle, nodes))
}

// sharesOf returns the shares of the nodes in ascending order of ID. The fair share
// is the weight of a node over the sum of all weights.
func sharesOf(c circle, nodes []answer.NodeView) []shareView {
	total := 0.0
	for _, n := range nodes {
		total += n.Weight
	}
	var shares []shareView
	for i, share := range c.Shares() {
		shares = append(shares, shareView{nodes[i], share, nodes[i].Weight / total})
	}
	return shares
}

func writeSharesText(w io.Writer, shares []shareView) error {
	rows := [][]string{{"ID", "ADDRESS", "WEIGHT", "SHARE", "FAIR"}}
	for _, s := range shares {
		rows = append(rows, []string{s.ID, s.Address, term.Number(s.Weight), term.Percent(s.Share), term.Percent(s.Fair)})
	}
	return term.WriteTable(w, rows)
}

func writeSharesCSV(w io.Writer, shares []shareView) error {
	rows := [][]string{{"id", "address", "weight", "share", "fair"}}
	for _, s := range shares {
		rows = append(rows, []string{s.ID, s.Address, term.Number(s.Weight), term.Number(s.Share), term.Number(s.Fair)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

func writeSharesJSON(w io.Writer, shares []shareView) error {
	return term.WriteJSON(w, struct {
		Schema string      `json:"schema"`
		Shares []shareView `json:"shares"`
	}{"proxenos.shares/v1", shares})
}
