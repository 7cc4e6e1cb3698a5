package main

import (
	"fmt"
	"math"
)

// target is a promise that a quantity is within bounds.
type target struct {
	Work, Against string
	quantity
	bounds
}

// targets lists all promises. They are ratios, because times differ between
// machines and days.
var targets = []target{
	{"rendezvous Select, 10 nodes", goRendezvous, cost("Select", 10, "rendezvous").over("go-rendezvous"), atMost(0.60)},
	{"rendezvous Select, 100 nodes", goRendezvous, cost("Select", 100, "rendezvous").over("go-rendezvous"), atMost(0.60).withAVX512(0.40)},
	{"rendezvous Select, 1000 nodes", goRendezvous, cost("Select", 1_000, "rendezvous").over("go-rendezvous"), atMost(0.70).withAVX512(0.25)},
	{"rendezvous Select, 10000 nodes", goRendezvous, cost("Select", 10_000, "rendezvous").over("go-rendezvous"), atMost(0.70).withAVX512(0.20)},
	{"rendezvous Select by weight, 100 nodes", logarithms, cost("SelectWeighted", 100, "rendezvous").over("log-per-node"), atMost(0.35)},
	{"rendezvous Select by weight, 1000 nodes", logarithms, cost("SelectWeighted", 1_000, "rendezvous").over("log-per-node"), atMost(0.20)},
	{"rendezvous SelectN(3), 100 nodes", stathat3, cost("SelectThree", 100, "rendezvous").over("stathat"), atMost(0.9)},
	{"rendezvous Table Select, 100 nodes", "own Select, 10 nodes", cost("Select", 100, "table").against(cost("Select", 10, "rendezvous")), atMost(1)},
	{"rendezvous Table Select, 10000 nodes", "own Select, 10 nodes", cost("Select", 10_000, "table").against(cost("Select", 10, "rendezvous")), atMost(1)},

	{"ring Select, 100 x 160 points", groupcache, cost("Select", 100, "ring").over("groupcache"), atMost(0.30)},
	{"ring Select, 1000 x 160 points", groupcache, cost("Select", 1_000, "ring").over("groupcache"), atMost(0.20)},
	{"ring SelectN(3), 100 x 160 points", stathat3, cost("SelectThree", 100, "ring").over("stathat"), atMost(0.35)},
	{"ring build, 100 x 160 points", groupcache, cost("Build", 100, "ring").over("groupcache"), atMost(0.10)},
	{"ring memory, 100 x 160 points", groupcache, value("Memory", 100, "ring", "heap-B").over("groupcache"), atMost(0.30)},

	{"rendezvous SelectAll, 10 nodes", ownSelect, inBatch("SelectAll", 10, "rendezvous", ""), atMost(0.525).withAVX512(0.35)},
	{"rendezvous SelectAll, 100 nodes", ownSelect, inBatch("SelectAll", 100, "rendezvous", ""), atMost(0.75).withAVX512(0.50)},
	{"rendezvous SelectAll, 1000 nodes", ownSelect, inBatch("SelectAll", 1_000, "rendezvous", ""), atMost(1.425).withAVX512(0.95)},
	{"rendezvous SelectAll by weight, 100 nodes", ownSelect, inBatch("SelectAll", 100, "weighted", ""), atMost(0.75).withAVX512(0.50)},
	{"table SelectAll, 100 nodes", ownSelect, inBatch("SelectAll", 100, "table", ""), atMost(0.75).withAVX512(0.50)},
	{"ring SelectAll, 100 nodes", ownSelect, inBatch("SelectAll", 100, "ring", ""), atMost(0.75).withAVX512(0.50)},
	{"rendezvous SelectAll with AVX2, 10 nodes", ownSelect, inBatch("SelectAll", 10, "rendezvous", avx2), atMost(0.525)},
	{"rendezvous SelectAll with AVX2, 100 nodes", ownSelect, inBatch("SelectAll", 100, "rendezvous", avx2), atMost(0.75)},
	{"rendezvous SelectAll with AVX2, 1000 nodes", ownSelect, inBatch("SelectAll", 1_000, "rendezvous", avx2), atMost(1.425)},
	{"rendezvous SelectAll by weight with AVX2, 100 nodes", ownSelect, inBatch("SelectAll", 100, "weighted", avx2), atMost(0.75)},
	{"table SelectAll with AVX2, 100 nodes", ownSelect, inBatch("SelectAll", 100, "table", avx2), atMost(0.75)},
	{"ring SelectAll with AVX2, 100 nodes", ownSelect, inBatch("SelectAll", 100, "ring", avx2), atMost(0.75)},
	{"rendezvous SelectAll in portable Go, 10 nodes", ownSelect, inBatch("SelectAll", 10, "rendezvous", portable), atMost(0.85)},
	{"one node added to a table of 10000", "full build", cost("Grow", 10_000, "table").over("table-build"), atMost(0.10)},
	{"one node added to a ring of 10000", "full build", cost("Grow", 10_000, "ring").over("ring-build"), atMost(0.10)},

	{"lookups of rendezvous on two cores", "on one", value("Scaling", 100, "rendezvous", "speedup").alone(), atLeast(1.85)},
	{"lookups of a table on two cores", "on one", value("Scaling", 100, "table", "speedup").alone(), atLeast(1.85)},
	{"lookups of a ring on two cores", "on one", value("Scaling", 100, "ring", "speedup").alone(), atLeast(1.85)},
	{"proxenos select, ten million lines, 10 nodes", "a bare echo", cost("CLI", 10, "echo").over("proxenos"), atLeast(1)},
	{"proxenos select -a table, ten million lines", "a bare echo", cost("CLI", 10, "echo").over("proxenos-table"), atLeast(1.2)},
	{"proxenos select -o jsonl, ten million lines", "-o text", cost("CLI", 10, "proxenos").over("proxenos-jsonl"), atLeast(0.5)},
	{"proxenos select -o csv, ten million lines", "-o text", cost("CLI", 10, "proxenos").over("proxenos-csv"), atLeast(0.5)},

	{"busiest of 100 nodes over the average, rendezvous", "", value("Balance", 100, "rendezvous", "max/avg").alone(), atMost(1.04)},
	{"chi-square over its degrees of freedom, rendezvous", "", value("Balance", 100, "rendezvous", "chi2/df").alone(), bounds{least: 0.6, most: 1.5}},
	{"unneeded moves, rendezvous", "", value("Moves", 100, "rendezvous", "unneeded-moves").alone(), atMost(0)},
	{"unneeded moves, table", "", value("Moves", 100, "table", "unneeded-moves").alone(), atMost(0)},
	{"unneeded moves, ring", "", value("Moves", 100, "ring", "unneeded-moves").alone(), atMost(0)},
	{"allocations in 1024 Select, rendezvous", "", value("Select", 100, "rendezvous", "allocs/op").alone(), atMost(0)},
	{"allocations in 1024 Select, table", "", value("Select", 100, "table", "allocs/op").alone(), atMost(0)},
	{"allocations in 1024 Select, ring", "", value("Select", 100, "ring", "allocs/op").alone(), atMost(0)},
	{"allocations in 1024 SelectN(3), rendezvous", "", value("SelectThree", 100, "rendezvous", "allocs/op").alone(), atMost(0)},
	{"allocations in 1024 SelectN(3), table", "", value("SelectThree", 100, "table", "allocs/op").alone(), atMost(0)},
	{"allocations in 1024 SelectN(3), ring", "", value("SelectThree", 100, "ring", "allocs/op").alone(), atMost(0)},
}

// The references of the targets.
const (
	goRendezvous = "dgryski/go-rendezvous with xxh64"
	logarithms   = "a logarithm for every node"
	groupcache   = "golang/groupcache"
	stathat3     = "stathat GetN(3)"
	ownSelect    = "own Select, one by one"
)

// quantity is a metric divided by another metric of the same pass, or a single
// metric if to is zero.
type quantity struct{ of, to metric }

// cost is the metric of the time per operation.
func cost(bench string, nodes int, by string) metric { return value(bench, nodes, by, "ns/op") }

func value(bench string, nodes int, by, unit string) metric {
	return metric{bench: bench, nodes: nodes, by: by, unit: unit}
}

// over is the metric divided by the same metric of another system.
func (m metric) over(by string) quantity {
	other := m
	other.by = by
	return m.against(other)
}

func (m metric) against(other metric) quantity { return quantity{of: m, to: other} }

func (m metric) alone() quantity { return quantity{of: m} }

// bounds is an inclusive range.
type bounds struct {
	least, most float64
	vector      float64 // replaces most if the CPU has AVX-512, unless 0
}

func atMost(most float64) bounds   { return bounds{least: math.Inf(-1), most: most} }
func atLeast(least float64) bounds { return bounds{least: least, most: math.Inf(1)} }

func (b bounds) withAVX512(most float64) bounds {
	b.vector = most
	return b
}

// on returns the bounds for a machine with or without AVX-512.
func (b bounds) on(avx512 bool) bounds {
	if avx512 && b.vector != 0 {
		b.most = b.vector
	}
	return b
}

func (b bounds) hold(value float64) bool { return b.least <= value && value <= b.most }

func (b bounds) String() string {
	switch {
	case math.IsInf(b.least, -1):
		return fmt.Sprintf("at most %.4g", b.most)
	case math.IsInf(b.most, 1):
		return fmt.Sprintf("at least %.4g", b.least)
	default:
		return fmt.Sprintf("%.4g to %.4g", b.least, b.most)
	}
}

// targetResult is the result of a target on a machine.
type targetResult struct {
	target
	summary
	Bounds bounds
	Met    bool
}

// evaluate compares the measurements with the target. It returns an error if
// there are no measurements.
func (t target) evaluate(found *results, avx512 bool) (targetResult, error) {
	s, err := found.summary(t.quantity)
	if err != nil {
		return targetResult{}, fmt.Errorf("%s: %w", t.Work, err)
	}
	on := t.on(avx512)
	return targetResult{target: t, summary: s, Bounds: on, Met: on.hold(s.Median)}, nil
}
