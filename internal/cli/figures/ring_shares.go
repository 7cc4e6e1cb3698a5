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
	format term.Format[shares]
}

func newRingShares(std *term.Streams) *cobra.Command {
	o := &sharesOptions{ringOptions: ringOptions{std: std}}
	c := &cobra.Command{
		Use:   "shares [flags]",
		Short: "Show the share of all keys that each node owns",
		Long: `Show the exact share of all keys that each node of a ring owns, next to the
fair share by its weight.`,
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
		term.Writer[shares]{Name: "text", Write: writeSharesText},
		term.Writer[shares]{Name: "json", Write: term.WriteJSON[shares]},
		term.Writer[shares]{Name: "csv", Write: writeSharesCSV})
	o.bind(c)
	return c
}

// shares is the output of ring shares -o json.
type shares struct {
	Schema  string      `json:"schema"`
	Partial bool        `json:"partial,omitempty"`
	Shares  []shareView `json:"shares"`
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
	return o.format.Write(o.std.Out, shares{"proxenos.shares/v1", p.Partial, sharesOf(circle, nodes)})
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

func writeSharesText(w io.Writer, v shares) error {
	rows := [][]string{{"ID", "ADDRESS", "WEIGHT", "SHARE", "FAIR"}}
	for _, s := range v.Shares {
		rows = append(rows, []string{s.ID, s.Address, term.Number(s.Weight), term.Percent(s.Share), term.Percent(s.Fair)})
	}
	return term.WriteTable(w, rows)
}

func writeSharesCSV(w io.Writer, v shares) error {
	rows := [][]string{{"id", "address", "weight", "share", "fair"}}
	for _, s := range v.Shares {
		rows = append(rows, []string{s.ID, s.Address, term.Number(s.Weight), term.Number(s.Share), term.Number(s.Fair)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}
