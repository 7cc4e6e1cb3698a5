package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// sharesPicture has a row for every node: a bar for its share, and a dot for the
// deviation from the share that its weight calls for, over the band of chance.
type sharesPicture struct {
	Title, Desc       string
	Width, Height     float64
	Rows              []shareRow
	Bars, Values      float64 // the left edges of the first two columns
	Axis, Left, Right float64 // the middle and the edges of the third
	Reach             string  // the deviation at its edges
	Note              string
	rowHeight         float64
}

type shareRow struct {
	Y, Text        float64 // the middle of the row's bar and its baseline
	NameText       float64 // the baseline of the name
	Label, Name    string
	Bar, Fair      float64 // the length of the bar and the position of the fair share
	Value          string
	Band, BandSize float64
	Dot            float64
	Class, Tone    string
	Tooltip        string
}

// shownShares is the maximum number of rows.
const shownShares = 40

const (
	shareNameRoom  = 96.0 // wider names have a line of their own
	shareRowHeight = 24.0
	shareNameLine  = 18.0
	shareBarsEnd   = 174.0
)

func drawShares(l Load, tones palette) *sharesPicture {
	shown, note := mostDeviating(l.Nodes)
	names := make([]string, len(shown))
	for row, i := range shown {
		names[row] = l.Nodes[i].Name
	}
	p := &sharesPicture{
		Title: "Share of each node", Width: pictureWidth,
		Bars: widest(names) + 8, Values: shareBarsEnd + 5, Left: 236, Axis: 286, Right: pictureWidth,
		rowHeight: shareRowHeight, Note: note,
	}
	if widest(names) > shareNameRoom {
		p.Bars, p.rowHeight = 0, shareNameLine+shareRowHeight
		names = labels(names, pictureWidth)
	}
	p.Height = 34 + p.rowHeight*float64(len(shown))
	p.Desc = fmt.Sprintf("%s; the highest load is %s times what the node's weight calls for.", plural(len(l.Nodes), "node"), ratio(l.Ratio))
	longest, reach := 0.0, 0.0
	for _, i := range shown {
		n := l.Nodes[i]
		longest = max(longest, n.Share, n.Fair)
		reach = max(reach, deviation(n, n.Share), deviation(n, n.High))
	}
	reach *= 1.08
	p.Reach = shortPercent(reach)
	for row, i := range shown {
		r := p.row(l.Nodes[i], row, longest, reach)
		r.Label, r.Tone = names[row], tones.tone(l.Nodes[i].Name)
		p.Rows = append(p.Rows, r)
	}
	return p
}

// shortPercent formats a fraction in at most five characters.
func shortPercent(x float64) string {
	switch {
	case x < 0.001:
		return fmt.Sprintf("%.2f%%", 100*x)
	case x < 0.1:
		return fmt.Sprintf("%.1f%%", 100*x)
	default:
		return fmt.Sprintf("%.0f%%", 100*x)
	}
}

// deviation returns the distance of a share from the node's fair share, relative
// to the fair share.
func deviation(n Node, share float64) float64 {
	if n.Fair == 0 {
		return 0
	}
	return math.Abs(share/n.Fair - 1)
}

func (p *sharesPicture) row(n Node, row int, longest, reach float64) shareRow {
	y := 30 + p.rowHeight*float64(row+1) - shareRowHeight/2
	scale := func(share float64) float64 { return (shareBarsEnd - p.Bars) * share / max(longest, 1e-12) }
	position := func(share float64) float64 {
		if n.Fair == 0 || reach == 0 {
			return p.Axis
		}
		return p.Axis + (p.Right-p.Axis)*(share/n.Fair-1)/reach
	}
	r := shareRow{
		Y: y, Text: y + 4.5, NameText: y + 4.5 + shareRowHeight - p.rowHeight, Name: n.Name, Bar: scale(n.Share), Fair: p.Bars + scale(n.Fair),
		Value: percent(n.Share), Band: position(n.Low), BandSize: position(n.High) - position(n.Low), Dot: position(n.Share),
		Class:   "inside",
		Tooltip: fmt.Sprintf("%s: %s of the keys, %s expected, %s to %s by chance", n.Name, percent(n.Share), percent(n.Fair), percent(n.Low), percent(n.High)),
	}
	if !n.Inside() {
		r.Class = "outside"
	}
	return r
}

// mostDeviating returns the indexes of the nodes that have a row: all nodes, or
// the nodes that deviate most from their fair shares.
func mostDeviating(nodes []Node) (shown []int, note string) {
	for i := range nodes {
		shown = append(shown, i)
	}
	if len(nodes) <= shownShares {
		return shown, ""
	}
	slices.SortStableFunc(shown, func(a, b int) int {
		return cmp.Compare(deviation(nodes[b], nodes[b].Share), deviation(nodes[a], nodes[a].Share))
	})
	shown = shown[:shownShares]
	slices.Sort(shown)
	return shown, fmt.Sprintf("The %d of %d nodes that deviate most from the shares that their weights call for.", shownShares, len(nodes))
}
