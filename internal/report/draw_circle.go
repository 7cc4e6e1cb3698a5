package report

import (
	"cmp"
	"fmt"
	"slices"
)

// circlePicture is a ring with the arcs of its nodes, or with one arc per node,
// and a legend of the nodes with the greatest shares.
type circlePicture struct {
	Title, Desc   string
	Width, Height float64
	X, Y          float64
	Sectors       []sectorView
	Legend        []legendRow
	More          string
	MoreY         float64
	Count, Nodes  string
	Note          string
}

type sectorView struct{ Path, Tone, Tooltip string }

type legendRow struct {
	Y, Text                  float64
	Tone, Label, Name, Value string
}

// shownLegend is the maximum number of names in the legend.
const shownLegend = 10

func drawCircle(p *Page, tones palette) *circlePicture {
	c := &circlePicture{
		Title: "Keys by owner", Width: pictureWidth, Height: 270, X: 128, Y: 135,
		Count: count(int64(len(p.Load.Nodes))), Nodes: "nodes",
	}
	if len(p.Load.Nodes) == 1 {
		c.Nodes = "node"
	}
	arcs := p.Circle
	if arcs != nil {
		c.Title = "Ring by owner"
		c.Note = "The circle is drawn in 720 steps. Smaller parts may be invisible."
	} else {
		arcs = onePerNode(p.Load.Nodes)
	}
	for _, a := range arcs {
		n := p.Load.Nodes[a.Node]
		c.Sectors = append(c.Sectors, sectorView{sector(c.X, c.Y, 118, 76, a.From, a.To), tones.tone(n.Name), n.Name + ": " + percent(n.Share)})
	}
	c.addLegend(p.Load.Nodes, tones)
	return c
}

// thinnest is the smallest visible part of the circle.
const thinnest = 1.0 / 720

// onePerNode lays the shares of the nodes end to end. Shares too small to be
// visible are merged into one arc.
func onePerNode(nodes []Node) (arcs []Arc) {
	from, to := 0.0, 0.0
	for i, n := range nodes {
		to += n.Share
		if to-from >= thinnest || i == len(nodes)-1 && to > from {
			arcs = append(arcs, Arc{i, from, to})
			from = to
		}
	}
	return arcs
}

// addLegend lists the nodes with the greatest shares, in the order of the nodes.
func (c *circlePicture) addLegend(nodes []Node, tones palette) {
	shown := make([]int, len(nodes))
	for i := range shown {
		shown[i] = i
	}
	slices.SortStableFunc(shown, func(a, b int) int { return cmp.Compare(nodes[b].Share, nodes[a].Share) })
	shown = shown[:min(shownLegend, len(shown))]
	slices.Sort(shown)
	y := c.Y - 22*float64(len(shown))/2
	for _, i := range shown {
		n := nodes[i]
		c.Legend = append(c.Legend, legendRow{y, y + 10.5, tones.tone(n.Name), clip(n.Name, 66), n.Name, percent(n.Share)})
		y += 22
	}
	if more := len(nodes) - len(shown); more > 0 {
		c.More, c.MoreY = fmt.Sprintf("and %d more", more), y+10.5
	}
	c.Desc = fmt.Sprintf("%s %s.", c.Count, c.Nodes)
	for _, row := range c.Legend {
		c.Desc += fmt.Sprintf(" %s %s.", row.Name, row.Value)
	}
}
