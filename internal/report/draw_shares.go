package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// sharesPicture has a row for every node: a bar for its share, and a dot for
// how far that is from what its weight asks for, over the band of chance.
type sharesPicture struct {
	Title, Desc       string
	Width, Height     float64
	Rows              []shareRow
	Bars, Values      float64 // where the columns begin
	Axis, Left, Right float64 // the middle and the ends of the last
	Bottom            float64
	Reach             string // how far its ends are from the middle
	Note              string
}

type shareRow struct {
	Y, Text        float64 // the middle of the row, and its baseline
	Label, Name    string
	Bar, Fair      float64 // how long the bar is, and where what is fair is
	Value          string
	Band, BandSize float64
	Dot            float64
	Class, Tone    string
	Story          string
}

// shownShares is how many nodes have a row.
const shownShares = 40

const (
	shareRowHeight = 24.0
	shareBarRoom   = 112.0
)

func drawShares(l Load, tones palette) *sharesPicture {
	shown, note := furthest(l.Nodes)
	p := &sharesPicture{
		Title: "Share of each node", Width: pictureWidth,
		Bars: 104, Values: 104 + shareBarRoom + 6, Axis: 336, Left: 276, Right: 396,
		Height: 34 + shareRowHeight*float64(len(shown)), Note: note,
	}
	p.Bottom = p.Height - 4
	p.Desc = fmt.Sprintf("%d nodes; the fullest has %s times what its weight asks for.", len(l.Nodes), ratio(l.Ratio))
	longest, reach := 0.0, 0.0
	for _, i := range shown {
		n := l.Nodes[i]
		longest = max(longest, n.Share, n.Fair)
		reach = max(reach, deviation(n, n.Share), deviation(n, n.High))
	}
	reach *= 1.08
	p.Reach = percent(reach)
	for row, i := range shown {
		p.Rows = append(p.Rows, p.row(l.Nodes[i], row, longest, reach))
		p.Rows[row].Tone = tones.tone(l.Nodes[i].Name)
	}
	return p
}

// deviation is how far a share is from what is fair, in parts of that.
func deviation(n Node, share float64) float64 {
	if n.Fair == 0 {
		return 0
	}
	return math.Abs(share/n.Fair - 1)
}

func (p *sharesPicture) row(n Node, row int, longest, reach float64) shareRow {
	y := 30 + shareRowHeight*(float64(row)+0.5)
	scale := func(share float64) float64 { return shareBarRoom * share / max(longest, 1e-12) }
	place := func(share float64) float64 {
		if n.Fair == 0 || reach == 0 {
			return p.Axis
		}
		return p.Axis + (p.Right-p.Axis)*(share/n.Fair-1)/reach
	}
	r := shareRow{
		Y: y, Text: y + 4.5, Label: clip(n.Name, 98), Name: n.Name, Bar: scale(n.Share), Fair: p.Bars + scale(n.Fair),
		Value: percent(n.Share), Band: place(n.Low), BandSize: place(n.High) - place(n.Low), Dot: place(n.Share),
		Class: "inside",
		Story: fmt.Sprintf("%s: %s of the keys, %s expected, %s to %s by chance", n.Name, percent(n.Share), percent(n.Fair), percent(n.Low), percent(n.High)),
	}
	if !n.Inside() {
		r.Class = "outside"
	}
	return r
}

// furthest returns the places of the nodes that have a row: all of them, or
// those furthest from what their weights ask for.
func furthest(nodes []Node) (shown []int, note string) {
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
	return shown, fmt.Sprintf("The %d of %d nodes that are furthest from what their weights ask for.", shownShares, len(nodes))
}
