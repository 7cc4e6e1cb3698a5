package browsertest

import (
	"fmt"
	"math"

	"github.com/proxenos/proxenos/internal/report"
)

// pages returns pages with few and with many nodes, and with hostile names.
func pages() map[string]*report.Page {
	return map[string]*report.Page{
		"one":     page([]string{"only"}, false),
		"change":  page([]string{"web-1", "web-2", "web-3", "web-4", "cache"}, true),
		"ring":    withRing(page([]string{"10.0.0.1:11211", "10.0.0.2:11211", "[2001:db8::1]:11211"}, true)),
		"hostile": page([]string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "<b>bold</b>", "::error::x", "a-name-without-a-single-place-to-break-it-that-is-longer-than-any-phone-is-wide-and-goes-on", "漢字漢字漢字漢字漢字漢字漢字"}, true),
		"three":   page([]string{"memcached-production-0", "memcached-production-1", "memcached-production-2"}, true),
		"fifty":   page(numbered(50), true),
		"many":    page(numbered(1000), true),
	}
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("node-%03d.rack-%d.example.com", i, i%7)
	}
	return names
}

// page returns a page of made-up figures: every node deviates a little from its
// fair share, and with a change the last node joins the others.
func page(names []string, change bool) *report.Page {
	const keys = 1_000_000
	p := &report.Page{
		Title:  "Placement of keys",
		Inputs: []report.Input{{Name: "proxenos", Value: "v1.2.3"}, {Name: "nodes", Value: names[0] + ".txt"}, {Name: "checksum", Value: "0123456789abcdef"}},
		Load:   report.Load{Keys: keys, Sampled: true, Ratio: 1.02, RatioByChance: 1.01, Spread: 0.01, SpreadByChance: 0.009, P: 0.4},
		Losses: []report.Loss{{What: "node", Lost: names[0], Share: 0.2, Heaviest: names[len(names)-1], Ratio: 1.3}, {What: "zone", Lost: names[0], Share: 1}},
	}
	fair := 1 / float64(len(names))
	for i, name := range names {
		off := fair * 0.02 * math.Sin(float64(i))
		p.Load.Nodes = append(p.Load.Nodes, report.Node{
			Name: name, Zone: fmt.Sprintf("europe-west-availability-zone-%d", i%3), Weight: 1, Keys: int64(keys * (fair + off)),
			Share: fair + off, Fair: fair, Low: fair * 0.99, High: fair * 1.01,
		})
	}
	if change {
		p.Change = joined(names, keys)
	}
	return p
}

// joined returns the change in which the last node joins.
func joined(names []string, keys int64) *report.Change {
	last := len(names) - 1
	before, after := keys/int64(last), keys/int64(len(names))
	c := &report.Change{Keys: keys, Moved: after, Ideal: after, Excess: 3, Survivors: 3, Expected: 1 / float64(len(names)), Low: 0.1, High: 0.3, Flows: []report.Flow{}}
	for i, name := range names[:last] {
		c.Nodes = append(c.Nodes, report.Moved{Name: name, Kind: "kept", Before: before, After: after})
		c.Flows = append(c.Flows, report.Flow{From: i, To: last, Keys: before - after})
	}
	c.Nodes = append(c.Nodes, report.Moved{Name: names[last], Kind: "added", After: after})
	return c
}

func withRing(p *report.Page) *report.Page {
	const arcs = 240
	for i := range arcs {
		p.Circle = append(p.Circle, report.Arc{Node: i * i % 7 % len(p.Load.Nodes), From: float64(i) / arcs, To: float64(i+1) / arcs})
	}
	return p
}
