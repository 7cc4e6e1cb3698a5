package report

import (
	"fmt"
	"math"
)

// The code computes the layout of pictures, and the templates only write it.
// Pictures are as wide as a card on a phone 390 pixels wide, so that text has its
// full size there, and as high as necessary.

const pictureWidth = 336

// colors is the number of node colors. More nodes repeat them.
const colors = 10

// palette assigns every node its color, the same in all pictures.
type palette map[string]int

// newPalette numbers the nodes of the load, then the nodes that the change
// removed.
func newPalette(p *Page) palette {
	tones := palette{}
	for _, n := range p.Load.Nodes {
		tones.add(n.Name)
	}
	if p.Change != nil {
		for _, n := range p.Change.Nodes {
			tones.add(n.Name)
		}
	}
	return tones
}

func (p palette) add(name string) {
	if _, known := p[name]; !known {
		p[name] = len(p)
	}
}

// tone returns the class of a node's color, or of a group of other nodes.
func (p palette) tone(name string) string {
	i, known := p[name]
	if !known {
		return "rest"
	}
	return fmt.Sprintf("c%d", i%colors)
}

// sector returns the path of a sector of a circle's rim. The positions from and
// to are in turns, clockwise from the top.
func sector(cx, cy, outer, inner, from, to float64) string {
	if to-from >= 0.9999 {
		return sector(cx, cy, outer, inner, from, from+0.5) + " " + sector(cx, cy, outer, inner, from+0.5, from+0.9998)
	}
	large := 0
	if to-from > 0.5 {
		large = 1
	}
	at := func(r, turn float64) string {
		sin, cos := math.Sincos(2 * math.Pi * turn)
		return fmt.Sprintf("%.2f %.2f", cx+r*sin, cy-r*cos)
	}
	return fmt.Sprintf("M%s A%g %g 0 %d 1 %s L%s A%g %g 0 %d 0 %s Z",
		at(outer, from), outer, outer, large, at(outer, to), at(inner, to), inner, inner, large, at(inner, from))
}

// ribbon returns the path of a band between two columns.
func ribbon(x1, y1, x2, y2, height float64) string {
	mid := (x1 + x2) / 2
	return fmt.Sprintf("M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f L%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f Z",
		x1, y1, mid, y1, mid, y2, x2, y2, x2, y2+height, mid, y2+height, mid, y1+height, x1, y1+height)
}
