package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// circleNodes is the number of nodes above which a strip replaces the circle.
const circleNodes = 100

// stripPicture shows many nodes as one line from the highest load to the lowest,
// over the band of chance, with percentiles.
type stripPicture struct {
	Title, Desc   string
	Width, Height float64
	Unit          string // what the line shows
	Line, Band    string // paths; Band is empty if the expected shares are unknown
	Base          float64
	Ticks         []stripTick
	Names         float64 // the left edge of names
	Rows          []stripRow
	Note          string
}

type stripTick struct {
	X, Y float64
	Mark string
}

type stripRow struct {
	Text                     float64
	What, Name, Label, Value string
}

const (
	stripTop    = 26.0
	stripBottom = 170.0
	stripSteps  = 600 // the maximum number of points of the line
)

// percentiles are the marked positions of the strip.
var percentiles = []struct {
	at         float64 // the fraction of nodes with a higher load
	what, mark string
}{
	{0, "highest", ""},
	{0.05, "95th percentile", "p95"},
	{0.5, "median", "p50"},
	{0.95, "5th percentile", "p5"},
	{1, "lowest", ""},
}

// drawStrip draws the ratios of load to expected load, or the shares if no
// expected shares are known. Nodes with an expected share of 0 are left out.
func drawStrip(nodes []Node) *stripPicture {
	p := &stripPicture{Title: "Nodes sorted by load", Width: pictureWidth, Base: stripBottom, Names: 112}
	sorted := slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool { return n.Fair == 0 })
	value, text := Node.Ratio, func(x float64) string { return "×" + ratio(x) }
	p.Unit = "load over expected load, by node"
	if len(sorted) == 0 {
		sorted = slices.Clone(nodes)
		value, text = func(n Node) float64 { return n.Share }, percent
		p.Unit = "share of all keys, by node"
	} else if out := len(nodes) - len(sorted); out > 0 {
		p.Note = fmt.Sprintf("Without %s with an expected share of 0.", plural(out, "node"))
	}
	slices.SortStableFunc(sorted, func(a, b Node) int { return cmp.Compare(value(b), value(a)) })
	p.addLine(sorted, value)
	p.addRows(sorted, value, text)
	p.Desc = fmt.Sprintf("%s by %s.", plural(len(sorted), "node"), p.Unit)
	for _, row := range p.Rows {
		p.Desc += fmt.Sprintf(" %s %s %s.", row.What, row.Name, row.Value)
	}
	return p
}

// addLine draws the line of sorted nodes, the band and the ticks.
func (p *stripPicture) addLine(sorted []Node, value func(Node) float64) {
	least, most := value(sorted[len(sorted)-1]), value(sorted[0])
	banded := sorted[0].Fair > 0
	if banded {
		for _, n := range sorted {
			least, most = min(least, n.Low/n.Fair), max(most, n.High/n.Fair)
		}
	}
	height := func(v float64) float64 {
		return stripBottom - 8 - (stripBottom-8-stripTop)*(v-least)/max(most-least, 1e-12)
	}
	steps := min(stripSteps, len(sorted))
	var line, upper strings.Builder
	var lower []string
	for step := range steps {
		fraction := float64(step) / max(float64(steps-1), 1)
		n := sorted[rank(len(sorted), fraction)]
		letter := "L"
		if step == 0 {
			letter = "M"
		}
		x := pictureWidth * fraction
		fmt.Fprintf(&line, "%s%.1f %.1f", letter, x, height(value(n)))
		if banded {
			fmt.Fprintf(&upper, "%s%.1f %.1f", letter, x, height(n.High/n.Fair))
			lower = append(lower, fmt.Sprintf("L%.1f %.1f", x, height(n.Low/n.Fair)))
		}
	}
	p.Line = line.String()
	if banded {
		slices.Reverse(lower)
		p.Band = upper.String() + strings.Join(lower, "") + "Z"
	}
	for _, q := range percentiles {
		if q.mark != "" {
			p.Ticks = append(p.Ticks, stripTick{pictureWidth * q.at, height(value(sorted[rank(len(sorted), q.at)])), q.mark})
		}
	}
}

// addRows lists the percentiles with the nodes that have them.
func (p *stripPicture) addRows(sorted []Node, value func(Node) float64, text func(float64) string) {
	var at []int
	for _, q := range percentiles {
		at = append(at, rank(len(sorted), q.at))
	}
	names := namesOf(sorted, at)
	short := labels(names, pictureWidth-p.Names-shareRoom)
	y := stripBottom + 42
	for i, q := range percentiles {
		p.Rows = append(p.Rows, stripRow{y, q.what, names[i], short[i], text(value(sorted[at[i]]))})
		y += legendRowHeight
	}
	p.Height = y - legendRowHeight + 8
}

// rank returns the index of the node that a fraction of n nodes precede.
func rank(n int, fraction float64) int { return int(math.Round(fraction * float64(n-1))) }
