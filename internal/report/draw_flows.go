package report

import (
	"cmp"
	"fmt"
	"slices"
)

// flowsPicture has a column of nodes before the change and one after it, with
// heights in proportion to their keys, and a band for every flow between them.
// Bands of keys that stay are pale.
type flowsPicture struct {
	Title, Desc   string
	Width, Height float64
	Left, Right   float64 // the middles of the columns
	Before, After []block
	Bands         []band
	Note          string
}

type block struct {
	X, Y, Height        float64
	Text, LabelX        float64
	Anchor, Label, Name string
	Tone, Tooltip       string
	keys                int64
	next                float64 // the top of the next band
}

type band struct{ Path, Class, Tooltip string }

const (
	shownBlocks  = 12
	blockWidth   = 12.0
	flowNameRoom = 104.0
	columnHeight = 300.0
	columnTop    = 26.0
	blockGap     = 7.0
	labelHeight  = 17.0
)

func drawFlows(c *Change, tones palette) *flowsPicture {
	group, names := grouped(c)
	p := &flowsPicture{
		Title: "Moves between nodes", Width: pictureWidth,
		Desc: fmt.Sprintf("%s of the keys move (%s of %s).", percent(c.Fraction(c.Moved)), count(c.Moved), count(c.Keys)),
	}
	if len(names) < len(c.Nodes) {
		p.Note = fmt.Sprintf("The %d of %d nodes that change most. The others are drawn as one.", shownBlocks, len(c.Nodes))
	}
	before, after := make([]int64, len(names)), make([]int64, len(names))
	for i, n := range c.Nodes {
		before[group[i]] += n.Before
		after[group[i]] += n.After
	}
	short := labels(names[:min(len(names), shownBlocks)], flowNameRoom)
	short = append(slices.Clip(short), names[len(short):]...)
	left := max(widest(short), labelHeight) + 6
	right := pictureWidth - left - blockWidth
	p.Left, p.Right = left+blockWidth/2, right+blockWidth/2
	p.Before = column(names, short, before, c.Keys, left, left-6, "end", tones)
	p.After = column(names, short, after, c.Keys, right, right+blockWidth+6, "start", tones)
	p.Height = max(bottom(p.Before), bottom(p.After)) + 8
	p.addBands(c, group, names, before)
	return p
}

// grouped assigns each node to a group of its own. If there are too many nodes,
// the ones that change least share the last group.
func grouped(c *Change) (group []int, names []string) {
	order := make([]int, len(c.Nodes))
	for i := range order {
		order[i] = i
	}
	if len(order) > shownBlocks {
		weight := func(i int) int64 {
			n := c.Nodes[i]
			if n.Kind != "kept" {
				return 1<<62 + max(n.Before, n.After)
			}
			return max(n.After-n.Before, n.Before-n.After)
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight(b), weight(a)) })
		order = order[:shownBlocks]
		slices.Sort(order)
	}
	group = make([]int, len(c.Nodes))
	for i := range group {
		group[i] = len(order)
	}
	for g, i := range order {
		group[i] = g
		names = append(names, c.Nodes[i].Name)
	}
	if rest := len(c.Nodes) - len(order); rest > 0 {
		names = append(names, plural(rest, "other"))
	}
	return group, names
}

// column lays out the nodes that have keys, one below the other.
func column(names, labels []string, keys []int64, all int64, x, labelX float64, anchor string, tones palette) []block {
	blocks := make([]block, len(names))
	y := columnTop
	for i, name := range names {
		b := block{
			X: x, Y: y, LabelX: labelX, Anchor: anchor, Name: name, Label: labels[i], Tone: tones.tone(name),
			Tooltip: fmt.Sprintf("%s: %s", name, plural(keys[i], "key")), keys: keys[i], next: y,
		}
		if all > 0 {
			b.Height = columnHeight * float64(keys[i]) / float64(all)
		}
		b.Text = y + max(b.Height/2, 4) + 4.5
		if keys[i] > 0 {
			y += max(b.Height+blockGap, labelHeight)
		}
		blocks[i] = b
	}
	return blocks
}

// bottom returns the lower edge of a column.
func bottom(blocks []block) (y float64) {
	for _, b := range blocks {
		y = max(y, b.Y+b.Height, b.Text)
	}
	return y
}

// addBands adds the bands of keys that stay, then the bands of keys that move,
// which are drawn on top. Bands are in the order of the nodes on both sides, so
// few of them cross.
func (p *flowsPicture) addBands(c *Change, group []int, names []string, before []int64) {
	between := make([][]int64, len(names))
	for i := range between {
		between[i] = make([]int64, len(names))
	}
	left := slices.Clone(before)
	for _, f := range c.Flows {
		from, to := group[f.From], group[f.To]
		if from != to { // moves within the last group are not drawn
			between[from][to] += f.Keys
			left[from] -= f.Keys
		}
	}
	for i, keys := range left {
		between[i][i] = keys
	}
	var moving []band
	for from := range names {
		for to, keys := range between[from] {
			b, drawn := p.band(from, to, keys, c.Keys)
			switch {
			case !drawn:
			case from == to:
				p.Bands = append(p.Bands, b)
			default:
				moving = append(moving, b)
			}
		}
	}
	p.Bands = append(p.Bands, moving...)
	p.Before, p.After = nonEmpty(p.Before), nonEmpty(p.After)
}

func (p *flowsPicture) band(from, to int, keys, all int64) (band, bool) {
	if keys <= 0 || all == 0 {
		return band{}, false
	}
	a, b := &p.Before[from], &p.After[to]
	height := columnHeight * float64(keys) / float64(all)
	drawn := band{
		Path:    ribbon(a.X+blockWidth, a.next, b.X, b.next, height),
		Class:   "moving " + b.Tone,
		Tooltip: fmt.Sprintf("%s from %s to %s", plural(keys, "key"), a.Name, b.Name),
	}
	if from == to {
		drawn.Class, drawn.Tooltip = "staying", fmt.Sprintf("%s on %s before and after", plural(keys, "key"), a.Name)
	}
	a.next += height
	b.next += height
	return drawn, true
}

// nonEmpty removes the blocks of nodes without keys.
func nonEmpty(blocks []block) []block {
	return slices.DeleteFunc(blocks, func(b block) bool { return b.keys == 0 })
}
