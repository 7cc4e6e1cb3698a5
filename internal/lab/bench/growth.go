package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// ours lists the systems of this repository.
var ours = []string{"rendezvous", "table", "ring"}

// sizes returns the numbers of nodes for which a benchmark measured a unit.
func (r *results) sizes(bench, unit string) (sizes []int) {
	for m := range r.values {
		if m.bench == bench && m.unit == unit && !slices.Contains(sizes, m.nodes) {
			sizes = append(sizes, m.nodes)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// systems returns the systems for which a benchmark measured a unit, ours first.
func (r *results) systems(bench, unit string) (names []string) {
	for m := range r.values {
		if m.bench == bench && m.unit == unit && !slices.Contains(names, m.by) {
			names = append(names, m.by)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a, b)) })
	return names
}

// order is the sort key that puts our systems first.
func order(name string) int {
	if i := slices.Index(ours, name); i >= 0 {
		return i
	}
	return len(ours)
}

// crossing is the number of nodes from which one system is faster than another.
type crossing struct {
	Slow, Fast string
	Nodes      int // approximate
	Always     bool
}

func (c crossing) String() string {
	if c.Always {
		return fmt.Sprintf("The %s is faster than %s for any number of nodes.", c.Fast, c.slow())
	}
	return fmt.Sprintf("The %s is faster than %s from about %d nodes on.", c.Fast, c.slow(), c.Nodes)
}

// slow returns the name of the slower system, with an article if it needs one.
func (c crossing) slow() string {
	if c.Slow == "ring" {
		return "the ring"
	}
	return c.Slow
}

// crossings returns the crossings of our systems' lookups.
func (r *results) crossings() (found []crossing) {
	for _, pair := range [][2]string{{"rendezvous", "table"}, {"rendezvous", "ring"}, {"ring", "table"}} {
		if c, ok := r.crossing(pair[0], pair[1]); ok {
			found = append(found, c)
		}
	}
	return found
}

// crossing finds the last size at which slow was not slower, and interpolates
// between it and the next size on logarithmic scales.
func (r *results) crossing(slow, fast string) (crossing, bool) {
	c := crossing{Slow: slow, Fast: fast, Always: true}
	lastN, lastGap, compared := 0, 0.0, false
	for _, n := range r.sizes("Select", "ns/op") {
		s, err := r.summary(cost("Select", n, slow).over(fast))
		if err != nil {
			continue
		}
		gap := math.Log(s.Median)
		switch {
		case gap <= 0:
			c.Always, c.Nodes = false, 0
		case !c.Always && c.Nodes == 0:
			part := lastGap / (lastGap - gap)
			c.Nodes = int(math.Round(math.Exp(math.Log(float64(lastN)) + part*math.Log(float64(n)/float64(lastN)))))
		}
		lastN, lastGap, compared = n, gap, true
	}
	return c, compared && (c.Always || c.Nodes > 0)
}
