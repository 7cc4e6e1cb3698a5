package figures

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// balanceOptions are the options of balance.
type balanceOptions struct {
	std          *term.Streams
	source       source.Flags
	placement    place.Flags
	keys         answer.Keys
	format       term.Format[*balanceView]
	maxImbalance float64
	merge        mergeFlag
}

// NewBalance returns the command balance.
func NewBalance(std *term.Streams) *cobra.Command {
	o := &balanceOptions{std: std}
	c := &cobra.Command{
		Use:   "balance [flags] | balance --merge PART.json ...",
		Short: "Show how evenly keys are spread, and check a limit",
		Long: `Show how many keys each node owns and how many its weight leads to expect, and
how the worst loss of a node or of a zone would load the others.

max/expected is the highest ratio of a node's load to its expected load: maximum
over average if all weights are equal. Chance alone raises it above 1; that value
is shown too, and shrinks with more keys. deviation is the standard deviation of
the ratio, also shown for chance alone. chi-square p is the probability
that chance alone makes the load this uneven: a tiny value means that the algorithm
is uneven. Rings are uneven by nature, and a table is uneven by up to a slot.

After a loss, the keys of the lost nodes move to the next node in rank. The
output shows the node with the highest ratio of load to expected load then.

--levels names levels of failure domains, of which every domain is shown, and the
worst loss of each level; see proxenos help rules.

--merge adds up the results of several machines; see proxenos help merge.`,
		Example: `  proxenos balance -f nodes.txt
  proxenos balance -f nodes.txt --keys keys.txt -o json

  # In CI: fail if a node is more than 5% above its expected load
  proxenos balance -f nodes.txt --sample 10000000 --max-imbalance 1.05`,
		Args: o.merge.args,
		RunE: func(c *cobra.Command, args []string) error {
			if o.merge.given {
				return o.runMerge(c, args)
			}
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.merge.bind(c)
	term.AddGroup(c, gatesGroup, func(fs *pflag.FlagSet) {
		fs.Float64Var(&o.maxImbalance, "max-imbalance", 0, "limit of max/expected, such as 1.05")
	})
	o.format.Bind(c, "text or json", term.TextOrJSON(writeBalanceText)...)
	o.keys.Bind(c)
	o.keys.BindWeights(c)
	o.placement.Bind(c, place.Algorithms)
	o.placement.BindLevels(c)
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
	if err := o.placement.ParseRule(1); err != nil {
		return err
	}
	switch {
	case c.Flags().Changed("max-imbalance") && !(o.maxImbalance >= 1 && !math.IsInf(o.maxImbalance, 0)):
		return term.Usagef("--max-imbalance %v: must be a number of at least 1", o.maxImbalance)
	case o.keys.File == "-" && o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("standard input cannot hold both the keys and the nodes"), "put the nodes in a file: -f FILE")
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	if o.maxImbalance > 0 {
		o.source.Gate()
	}
	return nil
}

func (o *balanceOptions) parseLimit(c *cobra.Command) error {
	if c.Flags().Changed("max-imbalance") && !(o.maxImbalance >= 1) {
		return term.Usagef("--max-imbalance %v: must be at least 1", o.maxImbalance)
	}
	return nil
}

// runMerge adds up the results of balance -o json.
func (o *balanceOptions) runMerge(c *cobra.Command, paths []string) error {
	if err := o.parseLimit(c); err != nil {
		return err
	}
	parts, err := readParts[balanceView](o.std, paths, func(v *balanceView) string { return v.Schema }, balanceSchema)
	if err != nil {
		return err
	}
	head, partial := parts[0].view.balanceHead, false
	nodes, _ := parts[0].view.load()
	var loads []*compare.Load
	var ranges []compare.SampleRange
	var domains domainsView
	for i, p := range parts {
		theirs, load := p.view.load()
		if p.view.balanceHead != head || !slices.Equal(theirs, nodes) || i > 0 && !domains.same(&p.view.domainsView) {
			return p.differs()
		}
		domains.add(&p.view.domainsView)
		loads, ranges, partial = append(loads, load), append(ranges, p.view.Sample...), partial || p.view.Partial
	}
	load, err := compare.MergeLoads(loads...)
	if err != nil {
		return err
	}
	sample, err := mergeSamples(ranges)
	if err != nil {
		return err
	}
	if partial && o.maxImbalance > 0 {
		return errPartialPart()
	}
	shown := slices.Clone(nodes)
	if o.format.Is("text") || term.IsTerminal(o.std.Out) {
		answer.Escape(shown)
	}
	view := newBalanceView(head, shown, load, sample)
	setShares(domains.Domains, load.Keys)
	view.Partial, view.domainsView = partial, domains
	written := o.format.Write(o.std.Out, view)
	return o.std.Verdict(o.check(load, nodes, head.Weighted), written)
}

func (o *balanceOptions) run(ctx context.Context) error {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	for _, w := range p.Warnings() {
		o.std.Warn("%s", w)
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
	head := balanceHead{balanceSchema, p.Algorithm, p.Hash, p.ChecksumText(), place.AddressChecksum(p.Nodes), o.keys.Sampled(), o.keys.Weighted}
	view := newBalanceView(head, nodes, load, o.keys.Range())
	view.Partial = p.Partial
	view.setLosses(nodes, lost)
	if view.domainsView, err = measureDomains(ctx, o.std, p, o.placement.LevelNames(), load, nodes); err != nil {
		return err
	}
	written := o.format.Write(o.std.Out, view)
	return o.std.Verdict(o.check(load, answer.Views(p.Nodes, false), o.keys.Weighted), written)
}

func (o *balanceOptions) check(load *compare.Load, nodes []answer.NodeView, weighted bool) error {
	var v gateResult
	if o.maxImbalance > 0 {
		v.someKeys(load.Keys)
		v.imbalance(load, nodes, o.maxImbalance)
	}
	if err := v.result(); err != nil {
		if chance := load.ChanceImbalance(); !weighted && chance > o.maxImbalance {
			return term.Hint(err, "with %s, chance alone gives about %.3f: use more keys with --sample", term.Plural(load.Keys, "key"), chance)
		}
		return term.Hint(err, "proxenos help algorithms tells how even each algorithm is")
	}
	return nil
}

// imbalance fails if a node has too many keys.
func (v *gateResult) imbalance(load *compare.Load, nodes []answer.NodeView, most float64) {
	if ratio, i := load.Imbalance(); ratio > most {
		v.failf("node %q has %.4f times its expected load; the limit is %v", nodes[i].ID, ratio, most)
	}
}

const balanceSchema = "proxenos.balance/v1"

// balanceHead is what a balance is about. Parts with the same head and nodes add up.
type balanceHead struct {
	Schema    string `json:"schema"`
	Algorithm string `json:"algorithm"`
	Hash      string `json:"hash,omitempty"`
	Checksum  string `json:"checksum"`
	Addresses string `json:"address_checksum"`
	Sampled   bool   `json:"sampled"`
	Weighted  bool   `json:"key_weights,omitempty"` // keys are weights
}

// balanceView is the output of balance -o json. With weights of keys it has no
// figures of chance, which depend on how the weights are distributed.
type balanceView struct {
	balanceHead
	Partial         bool                  `json:"partial,omitempty"`
	Keys            int64                 `json:"keys"`
	Sample          []compare.SampleRange `json:"sample,omitempty"`
	MaxOverExpected *float64              `json:"max_over_expected"` // null if a node has keys and none are expected
	ByChance        *float64              `json:"max_over_expected_by_chance"`
	Deviation       float64               `json:"deviation"`
	DeviationChance *float64              `json:"deviation_by_chance"`
	ChiSquare       *float64              `json:"chi_square"`
	Degrees         int                   `json:"degrees_of_freedom"`
	P               *float64              `json:"p"`
	WorstNode       *lossView             `json:"worst_node_loss,omitempty"`
	WorstZone       *lossView             `json:"worst_zone_loss,omitempty"`
	domainsView
	Nodes []heldView `json:"nodes"`
}

// heldView is a node with its keys.
type heldView struct {
	answer.NodeView
	Keys     int64             `json:"keys"`
	Expected float64           `json:"expected"`
	Share    float64           `json:"share"`
	Fair     float64           `json:"fair"`
	Band     *compare.Interval `json:"expected_band,omitempty"`
	Ratio    *float64          `json:"over_expected"`
}

// lossView is the loss of a node or a zone.
type lossView struct {
	Lost     string   `json:"lost"`
	Share    float64  `json:"share"`
	Heaviest string   `json:"heaviest,omitempty"`
	Ratio    *float64 `json:"over_expected"` // null if it is infinite
}

func newBalanceView(h balanceHead, nodes []answer.NodeView, load *compare.Load, sample []compare.SampleRange) *balanceView {
	v := &balanceView{balanceHead: h, Keys: load.Keys, Sample: sample}
	ratio, _ := load.Imbalance()
	v.MaxOverExpected = finite(ratio)
	deviation, chance := load.Deviation()
	v.Deviation = deviation
	if !h.Weighted {
		imbalance := load.ChanceImbalance()
		x, df, p := load.ChiSquare()
		v.ChiSquare, v.Degrees, v.P = finite(x), df, &p
		v.DeviationChance, v.ByChance = &chance, &imbalance
	}
	for i, n := range nodes {
		held := heldView{
			NodeView: n, Keys: load.Held[i], Expected: load.Expected(i), Share: share(load.Held[i], load.Keys), Fair: load.Fair[i], Ratio: finite(load.Ratio(i)),
		}
		if band := load.Band(i); !h.Weighted {
			held.Band = &band
		}
		v.Nodes = append(v.Nodes, held)
	}
	return v
}

// load returns the nodes and the load that a part shows.
func (v *balanceView) load() ([]answer.NodeView, *compare.Load) {
	nodes, load := make([]answer.NodeView, len(v.Nodes)), &compare.Load{Keys: v.Keys}
	for i, n := range v.Nodes {
		nodes[i], load.Held, load.Fair = n.NodeView, append(load.Held, n.Keys), append(load.Fair, n.Fair)
	}
	return nodes, load
}

// setLosses adds the worst losses.
func (v *balanceView) setLosses(nodes []answer.NodeView, lost *losses) {
	if lost.node != nil {
		v.WorstNode = newLossView(lost.node, nodes, nodes[lost.node.Group].ID)
	}
	if lost.zone != nil {
		v.WorstZone = newLossView(lost.zone, nodes, term.Escape(lost.zoneName()))
	}
}

func newLossView(l *compare.Loss, nodes []answer.NodeView, lost string) *lossView {
	v := &lossView{Lost: lost, Share: l.Share, Ratio: finite(l.Ratio)}
	if l.Heaviest >= 0 {
		v.Heaviest = nodes[l.Heaviest].ID
	}
	return v
}

// finite returns nil for infinity, which JSON cannot represent.
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
	var b strings.Builder
	if v.Weighted {
		fmt.Fprintf(&b, "\nweight         %d\nmax/expected   %s\ndeviation      %.4f%%\n", v.Keys, ratioText(v.MaxOverExpected), 100*v.Deviation)
	} else {
		fmt.Fprintf(&b, `
keys           %d%s
max/expected   %s (chance alone: about %.4f)
deviation      %.4f%% (chance alone: %.4f%%)
chi-square p   %.4g (%s with %d degrees of freedom)
`, v.Keys, sampleNote(v.Sampled), ratioText(v.MaxOverExpected), *v.ByChance, 100*v.Deviation, 100**v.DeviationChance,
			*v.P, ratioText(v.ChiSquare), v.Degrees)
	}
	b.WriteString(v.WorstNode.text("node") + v.WorstZone.text("zone"))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return v.writeText(w)
}

// text returns a line about the loss.
func (v *lossView) text(what string) string {
	switch {
	case v == nil:
		return ""
	case v.Heaviest == "":
		return fmt.Sprintf("worst %s loss  \"%s\" holds %s of the keys, and no node is left\n", what, v.Lost, term.Percent(v.Share))
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
