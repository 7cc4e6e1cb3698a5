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
	outer, inner  float64
	Sectors       []sectorView
	LegendX       float64 // the left edge of the legend
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

const (
	shownLegend     = 10 // the maximum number of names in the legend
	legendRowHeight = 22.0
	swatchRoom      = 18.0
	shareRoom       = 58.0
	besideCircle    = 190.0 // the left edge of a legend of short names
)

func drawCircle(p *Page, tones palette) *circlePicture {
	c := &circlePicture{
		Title: "Keys by owner", Width: pictureWidth,
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
	c.place(p.Load.Nodes)
	for _, a := range arcs {
		n := p.Load.Nodes[a.Node]
		c.Sectors = append(c.Sectors, sectorView{sector(c.X, c.Y, c.outer, c.inner, a.From, a.To), tones.tone(n.Name), n.Name + ": " + percent(n.Share)})
	}
	c.addLegend(p.Load.Nodes, tones)
	return c
}

// place puts the legend beside the circle if its names are short, and otherwise
// below it.
func (c *circlePicture) place(nodes []Node) {
	shown := greatest(nodes)
	rows := float64(len(shown))
	if len(nodes) > len(shown) {
		rows++
	}
	if widest(namesOf(nodes, shown)) <= pictureWidth-besideCircle-swatchRoom-shareRoom {
		c.LegendX, c.X, c.outer, c.inner = besideCircle, 88, 86, 56
		c.Height = max(2*c.outer+16, legendRowHeight*rows+8)
		c.Y = c.Height / 2
		return
	}
	c.X, c.outer, c.inner = pictureWidth/2, 112, 72
	c.Y = c.outer + 8
	c.Height = c.Y + c.outer + 20 + legendRowHeight*rows
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

// greatest returns the indexes of the nodes with the greatest shares, in the
// order of the nodes.
func greatest(nodes []Node) []int {
	shown := make([]int, len(nodes))
	for i := range shown {
		shown[i] = i
	}
	slices.SortStableFunc(shown, func(a, b int) int { return cmp.Compare(nodes[b].Share, nodes[a].Share) })
	shown = shown[:min(shownLegend, len(shown))]
	slices.Sort(shown)
	return shown
}

func namesOf(nodes []Node, indexes []int) (names []string) {
	for _, i := range indexes {
		names = append(names, nodes[i].Name)
	}
	return names
}

// addLegend lists the nodes with the greatest shares.
func (c *circlePicture) addLegend(nodes []Node, tones palette) {
	shown := greatest(nodes)
	short := labels(namesOf(nodes, shown), pictureWidth-c.LegendX-swatchRoom-shareRoom)
	y := c.Y + c.outer + 20
	if c.LegendX > 0 {
		y = c.Y - legendRowHeight*float64(len(shown))/2 + 5
	}
	for row, i := range shown {
		n := nodes[i]
		c.Legend = append(c.Legend, legendRow{y, y + 10.5, tones.tone(n.Name), short[row], n.Name, percent(n.Share)})
		y += legendRowHeight
	}
	if more := len(nodes) - len(shown); more > 0 {
		c.More, c.MoreY = fmt.Sprintf("and %d more", more), y+10.5
	}
	c.Desc = fmt.Sprintf("%s %s.", c.Count, c.Nodes)
	for _, row := range c.Legend {
		c.Desc += fmt.Sprintf(" %s %s.", row.Name, row.Value)
	}
}
