package figures

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// balanceOptions say whose load to look at, and how uneven it may be.
type balanceOptions struct {
	std          *term.Streams
	source       source.Flags
	placement    place.Flags
	keys         answer.Keys
	format       term.Format[*balanceView]
	maxImbalance float64
}

func NewBalance(std *term.Streams) *cobra.Command {
	o := &balanceOptions{std: std}
	c := &cobra.Command{
		Use:   "balance [flags]",
		Short: "Show how evenly keys are spread, and fail if they are not",
		Long: `Show how many keys each node owns beside how many its weight asks for, and what
the worst loss of one node or of one zone would mean for the others.

max/expected is the greatest load of a node over what its weight asks for: the
maximum over the average if all weights are equal. Chance alone makes it more
than 1; how much is shown too, and shrinks with more keys. deviation is the
standard deviation of that ratio, beside the one that chance alone gives.
chi-square p is the probability that chance alone makes the load as uneven or
worse: a tiny one means that the algorithm, and not chance, is at work. Rings
are uneven by nature, and a table is in steps of a slot.

After a loss, the keys of the lost nodes go to the next in rank; shown is the
node that then carries the most, again over what its weight asks for now.`,
		Example: `  proxenos balance -f nodes.txt
  proxenos balance -f nodes.txt --keys keys.txt -o json

  # In CI: no node more than 5 % above the average
  proxenos balance -f nodes.txt --sample 10000000 --max-imbalance 1.05`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Gates (exit code 1 if not so)", func(fs *pflag.FlagSet) {
		fs.Float64Var(&o.maxImbalance, "max-imbalance", 0, "the most that max/expected may be, such as 1.05")
	})
	o.format.Bind(c, "text or json", term.TextOrJSON(writeBalanceText)...)
	o.keys.Bind(c)
	o.placement.Bind(c, place.Algorithms)
	o.source.Bind(c)
	return c
}

func (o *balanceOptions) parse(c *cobra.Command) error {
	if err := o.keys.Parse(c); err != nil {
		return err
	}
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	switch {
	case c.Flags().Changed("max-imbalance") && !(o.maxImbalance >= 1):
		return term.Usagef("--max-imbalance %v: must be 1 or more, as the maximum is never below the average", o.maxImbalance)
	case o.keys.File == "-" && o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("both the keys and the nodes are to come from standard input"), "put the nodes in a file: -f FILE")
	}
	return o.source.Parse(c)
}

func (o *balanceOptions) run(ctx context.Context) error {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	load, err := measureLoad(ctx, o.std, p, &o.keys)
	if err != nil {
		return err
	}
	lost, err := measureLosses(ctx, o.std, p, load)
	if err != nil {
		return err
	}
	nodes := answer.EscapedViews(p.Nodes, o.format.Is("text") || term.IsTerminal(o.std.Out))
	if err := o.format.Write(o.std.Out, newBalanceView(p, nodes, load, lost, &o.keys)); err != nil {
		return err
	}
	return o.judge(load, answer.Views(p.Nodes, false))
}

func (o *balanceOptions) judge(load *compare.Load, nodes []answer.NodeView) error {
	var v gateResult
	if o.maxImbalance > 0 {
		v.someKeys(load.Keys)
		v.imbalance(load, nodes, o.maxImbalance)
	}
	if err := v.result(); err != nil {
		if chance := load.ChanceImbalance(); chance > o.maxImbalance {
			return term.Hint(err, "with %d keys chance alone gives about %.3f: --sample takes more", load.Keys, chance)
		}
		return term.Hint(err, "proxenos help algorithms tells which of them are even")
	}
	return nil
}

// imbalance fails if a node has too much.
func (v *gateResult) imbalance(load *compare.Load, nodes []answer.NodeView, most float64) {
	if ratio, i := load.Imbalance(); ratio > most {
		v.failf("node %q has %.4f times what its weight asks for, and at most %v is allowed", nodes[i].ID, ratio, most)
	}
}

// balanceView is what balance -o json prints.
type balanceView struct {
	Schema          string     `json:"schema"`
	Algorithm       string     `json:"algorithm"`
	Hash            string     `json:"hash,omitempty"`
	Checksum        string     `json:"checksum"`
	Keys            int64      `json:"keys"`
	Sampled         bool       `json:"sampled"`
	MaxOverExpected *float64   `json:"max_over_expected"` // null if a node has keys and should have none
	ByChance        float64    `json:"max_over_expected_by_chance"`
	Deviation       float64    `json:"deviation"`
	DeviationChance float64    `json:"deviation_by_chance"`
	ChiSquare       *float64   `json:"chi_square"`
	Degrees         int        `json:"degrees_of_freedom"`
	P               float64    `json:"p"`
	WorstNode       *lossView  `json:"worst_node_loss,omitempty"`
	WorstZone       *lossView  `json:"worst_zone_loss,omitempty"`
	Nodes           []heldView `json:"nodes"`
}

// heldView is a node with its keys.
type heldView struct {
	answer.NodeView
	Keys     int64            `json:"keys"`
	Expected float64          `json:"expected"`
	Share    float64          `json:"share"`
	Band     compare.Interval `json:"expected_band"`
	Ratio    *float64         `json:"over_expected"`
}

// lossView is the loss of a node or a zone.
type lossView struct {
	Lost     string   `json:"lost"`
	Share    float64  `json:"share"`
	Heaviest string   `json:"heaviest,omitempty"`
	Ratio    *float64 `json:"over_expected"` // null if nobody is left
}

func newBalanceView(p *place.Placement, nodes []answer.NodeView, load *compare.Load, lost *losses, keys *answer.Keys) *balanceView {
	v := &balanceView{
		Schema: "proxenos.balance/v1", Algorithm: p.Algorithm, Hash: p.Hash, Checksum: p.ChecksumText(),
		Keys: load.Keys, Sampled: keys.Sampled(), ByChance: load.ChanceImbalance(),
	}
	ratio, _ := load.Imbalance()
	v.MaxOverExpected = finite(ratio)
	v.Deviation, v.DeviationChance = load.Deviation()
	x, df, chance := load.ChiSquare()
	v.ChiSquare, v.Degrees, v.P = finite(x), df, chance
	for i, n := range nodes {
		v.Nodes = append(v.Nodes, heldView{
			NodeView: n, Keys: load.Held[i], Expected: load.Expected(i), Share: share(load.Held[i], load.Keys),
			Band: load.Band(i), Ratio: finite(load.Ratio(i)),
		})
	}
	if lost.node != nil {
		v.WorstNode = newLossView(lost.node, nodes, nodes[lost.node.Group].ID)
	}
	if lost.zone != nil {
		v.WorstZone = newLossView(lost.zone, nodes, term.Escape(lost.zoneName()))
	}
	return v
}

func newLossView(l *compare.Loss, nodes []answer.NodeView, lost string) *lossView {
	v := &lossView{Lost: lost, Share: l.Share, Ratio: finite(l.Ratio)}
	if l.Heaviest >= 0 {
		v.Heaviest = nodes[l.Heaviest].ID
	}
	return v
}

// finite is a number as JSON can say it: infinity is null.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func share(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

func writeBalanceText(w io.Writer, v *balanceView) error {
	rows := [][]string{{"ID", "WEIGHT", "KEYS", "EXPECTED", "SHARE", "KEYS/EXPECTED"}}
	for _, n := range v.Nodes {
		rows = append(rows, []string{n.ID, term.Number(n.Weight), fmt.Sprint(n.Keys), fmt.Sprintf("%.0f", n.Expected), term.Percent(n.Share), ratioText(n.Ratio)})
	}
	if err := term.WriteTable(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
keys           %d%s
max/expected   %s (chance alone: about %.4f)
deviation      %.4f%% (chance alone: %.4f%%)
chi-square p   %.4g (%s with %d degrees of freedom)
%s%s`, v.Keys, sampleNote(v.Sampled), ratioText(v.MaxOverExpected), v.ByChance, 100*v.Deviation, 100*v.DeviationChance,
		v.P, ratioText(v.ChiSquare), v.Degrees, v.WorstNode.text("node"), v.WorstZone.text("zone"))
	return err
}

// text says what the loss means, in a line of its own.
func (v *lossView) text(what string) string {
	switch {
	case v == nil:
		return ""
	case v.Ratio == nil:
		return fmt.Sprintf("worst %s loss  \"%s\" takes %s of the keys, and nobody is left\n", what, v.Lost, term.Percent(v.Share))
	default:
		return fmt.Sprintf("worst %s loss  \"%s\" leaves %s of the keys to others; \"%s\" then has %s of its expected load\n", what, v.Lost, term.Percent(v.Share), v.Heaviest, ratioText(v.Ratio))
	}
}

func ratioText(x *float64) string {
	if x == nil {
		return "inf"
	}
	return fmt.Sprintf("%.4f", *x)
}

func sampleNote(sampled bool) string {
	if sampled {
		return " (sample)"
	}
	return ""
}
