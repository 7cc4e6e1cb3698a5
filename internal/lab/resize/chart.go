// Package resize measures what a memcached fleet loses while it grows from six to
// eight servers, and draws the hit rate second by second. README.md holds the
// result; the test of the package is the experiment.
package resize

import (
	"fmt"
	"strings"
)

// Curve is the hit rate of one client in each second, from 0 to 1.
type Curve struct {
	Name  string
	Rates []float64
}

// The picture, in pixels. The plot shows the hit rates from floor to 1.
const (
	width, height          = 720, 380
	left, right, top, foot = 56, 16, 64, 44
	floor                  = 0.7
)

// tones are the colors of the curves, apart for color-blind readers too.
var tones = []string{"#d55e00", "#0072b2", "#cc79a7", "#009e73"}

// Chart returns an SVG picture of the curves, which begin together; the fleet is
// resized in a second.
func Chart(curves []Curve, resized int) string {
	var b strings.Builder
	seconds := len(curves[0].Rates)
	x := func(second float64) float64 { return left + second/float64(seconds-1)*(width-left-right) }
	y := func(rate float64) float64 { return top + (1-max(rate, floor))/(1-floor)*(height-top-foot) }

	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&b, "<title>Hit rate while a memcached fleet grows from 6 to 8 servers</title>\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	for percent := 70; percent <= 100; percent += 5 {
		at := y(float64(percent) / 100)
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end" fill="#444">%d%%</text>`+"\n",
			left, at, width-right, left-8, at+4, percent)
	}
	for second := 0; second < seconds; second += 20 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#444">%d s</text>`+"\n", x(float64(second)), height-foot+20, second)
	}
	at := x(float64(resized))
	fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#888" stroke-dasharray="4 3"/><text x="%.1f" y="%d" fill="#444">6 to 8 servers</text>`+"\n",
		at, top, height-foot, at+5, height-foot-6)
	for i, c := range curves {
		var path strings.Builder
		for second, rate := range c.Rates {
			command := "L"
			if second == 0 {
				command = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", command, x(float64(second)), y(rate))
		}
		tone := tones[i%len(tones)]
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"/>`+"\n", &path, tone)
		column, row := left+i%2*330, 22+i/2*20
		fmt.Fprintf(&b, `<path d="M%d %dh24" stroke="%s" stroke-width="3"/><text x="%d" y="%d" fill="#222">%s</text>`+"\n",
			column, row-4, tone, column+32, row, c.Name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
