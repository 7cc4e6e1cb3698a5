package figures

import (
	"fmt"
	"io"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

const diffSchema = "proxenos.diff/v1"

// diffView is the output of diff -o json.
type diffView struct {
	Schema    string                `json:"schema"`
	Algorithm string                `json:"algorithm"`
	Hash      string                `json:"hash,omitempty"`
	Was       *algorithmView        `json:"algorithm_before,omitempty"` // nil if it is the same
	Before    string                `json:"checksum_before"`
	After     string                `json:"checksum_after"`
	AddrsWere string                `json:"address_checksum_before"`
	Addrs     string                `json:"address_checksum_after"`
	Partial   bool                  `json:"partial,omitempty"` // of either side
	Keys      int64                 `json:"keys"`
	Sampled   bool                  `json:"sampled"`
	Weighted  bool                  `json:"key_weights,omitempty"` // keys are weights
	Sample    []compare.SampleRange `json:"sample,omitempty"`
	Moved     amount                `json:"moved"`
	MovedBand compare.Interval      `json:"moved_interval"`
	Ideal     amount                `json:"ideal"`
	Expected  float64               `json:"ideal_by_shares"`
	Excess    amount                `json:"excess"`
	Survivors amount                `json:"survivors"`
	Nodes     []changeView          `json:"nodes"`
	Flows     []flowView            `json:"flows"` // null if there are too many nodes
}

// algorithmView is the algorithm of a side.
type algorithmView struct {
	Algorithm string `json:"algorithm"`
	Hash      string `json:"hash,omitempty"`
}

func (a algorithmView) text() string {
	if a.Hash == "" {
		return a.Algorithm
	}
	return a.Algorithm + " with " + a.Hash
}

// amount is a number of keys and its fraction of all keys.
type amount struct {
	Keys     int64   `json:"keys"`
	Fraction float64 `json:"fraction"`
}

// changeView is the effect of a change on a node.
type changeView struct {
	ID     string       `json:"id"`
	Change compare.Kind `json:"change"`
	Before int64        `json:"before"`
	After  int64        `json:"after"`
}

// flowView is a cell of the matrix of moves.
type flowView struct {
	From string `json:"from"`
	To   string `json:"to"`
	amount
}

// diffHead is what a diff is about. Parts with the same head add up.
type diffHead struct {
	Algorithm, Was algorithmView
	Before, After  string // checksums
	AddrsWere      string // address checksum before
	Addrs          string // address checksum after
	Expected       float64
	Sampled        bool
	Weighted       bool
}

func newDiffHead(before, after *place.Placement, m *compare.Movement, keys *answer.Keys) diffHead {
	return diffHead{
		algorithmView{after.Algorithm, after.Hash}, algorithmView{before.Algorithm, before.Hash},
		before.ChecksumText(), after.ChecksumText(), place.AddressChecksum(before.Nodes), place.AddressChecksum(after.Nodes),
		m.Expected, keys.Sampled(), keys.Weighted,
	}
}

// head returns the head of a part.
func (v *diffView) head() diffHead {
	h := diffHead{
		Algorithm: algorithmView{v.Algorithm, v.Hash}, Before: v.Before, After: v.After, AddrsWere: v.AddrsWere, Addrs: v.Addrs,
		Expected: v.Expected, Sampled: v.Sampled, Weighted: v.Weighted,
	}
	if h.Was = h.Algorithm; v.Was != nil {
		h.Was = *v.Was
	}
	return h
}

// movement returns the movement that a part shows.
func (v *diffView) movement() *compare.Movement {
	m := &compare.Movement{
		Keys: v.Keys, Moved: v.Moved.Keys, Ideal: v.Ideal.Keys, Excess: v.Excess.Keys, Survivors: v.Survivors.Keys, Expected: v.Expected,
	}
	for _, n := range v.Nodes {
		m.Nodes = append(m.Nodes, compare.NodeChange{ID: n.ID, Kind: n.Change, Before: n.Before, After: n.After})
	}
	if v.Flows != nil {
		m.Flows = []compare.Flow{}
	}
	for _, f := range v.Flows {
		m.Flows = append(m.Flows, compare.Flow{From: f.From, To: f.To, Keys: f.Keys})
	}
	return m
}

func newDiffView(h diffHead, m *compare.Movement, sample []compare.SampleRange, partial, escaped bool) *diffView {
	show := func(id string) string { return id }
	if escaped {
		show = term.Escape
	}
	of := func(keys int64) amount { return amount{keys, m.Fraction(keys)} }
	v := &diffView{
		Schema: diffSchema, Algorithm: h.Algorithm.Algorithm, Hash: h.Algorithm.Hash,
		Before: h.Before, After: h.After, AddrsWere: h.AddrsWere, Addrs: h.Addrs, Partial: partial,
		Keys: m.Keys, Sampled: h.Sampled, Weighted: h.Weighted, Sample: sample, Moved: of(m.Moved), MovedBand: movedBand(m, h.Sampled),
		Ideal: of(m.Ideal), Expected: m.Expected, Excess: of(m.Excess), Survivors: of(m.Survivors),
	}
	if h.Was != h.Algorithm {
		v.Was = &h.Was
	}
	for _, n := range m.Nodes {
		v.Nodes = append(v.Nodes, changeView{show(n.ID), n.Kind, n.Before, n.After})
	}
	if m.Flows != nil {
		v.Flows = []flowView{}
	}
	for _, f := range m.Flows {
		v.Flows = append(v.Flows, flowView{show(f.From), show(f.To), of(f.Keys)})
	}
	return v
}

// movedBand returns the confidence interval of moved. Figures about all existing
// keys have no error.
func movedBand(m *compare.Movement, sampled bool) compare.Interval {
	if sampled {
		return compare.Wilson(m.Moved, m.Keys)
	}
	exact := m.Fraction(m.Moved)
	return compare.Interval{Low: exact, High: exact}
}

// shownFlows limits the cells of the matrix in text output.
const shownFlows = 40

func writeDiffText(w io.Writer, v *diffView) error {
	between := ""
	if v.Sampled {
		between = fmt.Sprintf("between %s and %s", term.Percent(v.MovedBand.Low), term.Percent(v.MovedBand.High))
	}
	line := func(name string, a amount, note string) []string {
		return []string{name, fmt.Sprint(a.Keys), term.Percent(a.Fraction), note}
	}
	if v.Was != nil {
		fmt.Fprintf(w, "algorithm: %s before, %s after\n\n", v.Was.text(), algorithmView{v.Algorithm, v.Hash}.text())
	}
	rows := [][]string{
		{"FIGURE", "KEYS", "SHARE", "NOTE"},
		line("keys", amount{v.Keys, 1}, v.keysNote()),
		line("moved", v.Moved, between),
		line("ideal", v.Ideal, "by shares "+term.Percent(v.Expected)),
		line("excess", v.Excess, ""),
		line("survivors", v.Survivors, ""),
	}
	if err := term.WriteTable(w, rows); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := term.WriteTable(w, v.nodeRows()); err != nil {
		return err
	}
	return v.writeFlows(w)
}

func (v *diffView) keysNote() string {
	switch {
	case v.Sampled:
		return "sample"
	case v.Weighted:
		return "weights"
	default:
		return ""
	}
}

func (v *diffView) nodeRows() [][]string {
	rows := [][]string{{"ID", "CHANGE", "BEFORE", "AFTER", "DIFFERENCE"}}
	for _, n := range v.Nodes {
		rows = append(rows, []string{n.ID, string(n.Change), fmt.Sprint(n.Before), fmt.Sprint(n.After), fmt.Sprintf("%+d", n.After-n.Before)})
	}
	return rows
}

// writeFlows writes the largest flows.
func (v *diffView) writeFlows(w io.Writer) error {
	if len(v.Flows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	rows := [][]string{{"FROM", "TO", "KEYS", "SHARE"}}
	for _, f := range v.Flows[:min(shownFlows, len(v.Flows))] {
		rows = append(rows, []string{f.From, f.To, fmt.Sprint(f.Keys), term.Percent(f.Fraction)})
	}
	if err := term.WriteTable(w, rows); err != nil {
		return err
	}
	if more := len(v.Flows) - shownFlows; more > 0 {
		_, err := fmt.Fprintf(w, "and %d more pairs: -o json lists all\n", more)
		return err
	}
	return nil
}
