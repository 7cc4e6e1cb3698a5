package main

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// batch is how many keys one iteration looks up.
const batch = 1024

var (
	peerSizes  = []int{10, 100, 1_000, 10_000}
	growthOver = []int{10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000}
)

// sizesOf are the numbers of nodes that a system is measured with: ours at
// more, to see how cost grows.
func (s system) sizesOf() []int {
	sizes := peerSizes
	if slices.Contains(ours, s.name) {
		sizes = growthOver
	}
	return slices.DeleteFunc(slices.Clone(sizes), s.tooMany)
}

// tooMany keeps short runs short.
func (s system) tooMany(nodes int) bool {
	return nodes > s.most || testing.Short() && nodes > 1_000
}

// name of a benchmark below another, in the form that benchstat understands.
func name(nodes int, by string) string { return fmt.Sprintf("nodes=%d/by=%s", nodes, by) }

// perKey measures a loop over many keys and reports what one key costs.
func perKey(b *testing.B, lookup func(keys []string)) {
	b.ReportAllocs()
	all, at := keys(), 0
	for b.Loop() {
		lookup(all[at : at+batch])
		at = (at + batch) % len(all)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/op")
}

// each runs a benchmark for every number of nodes and system, neighbours
// being those that will be compared.
func each(b *testing.B, run func(b *testing.B, s system, nodes []string)) {
	for _, n := range growthOver {
		nodes := makeNodes(n)
		for _, s := range systems {
			if slices.Contains(s.sizesOf(), n) {
				b.Run(name(n, s.name), func(b *testing.B) { run(b, s, nodes) })
			}
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	each(b, func(b *testing.B, s system, nodes []string) {
		perKey(b, lookupOf("Select", s.name, nodes))
	})
}

func BenchmarkSelectThree(b *testing.B) {
	compare(b, "SelectThree", "rendezvous", "table", "ring", "serialx", "stathat")
}

func BenchmarkSelectWeighted(b *testing.B) {
	compare(b, "SelectWeighted", "rendezvous", "log-per-node")
}

// compare measures some systems at the sizes of peers.
func compare(b *testing.B, bench string, systems ...string) {
	b.Helper()
	for _, n := range peerSizes {
		nodes := makeNodes(n)
		for _, by := range systems {
			if by == "log-per-node" || !systemNamed(by).tooMany(n) {
				b.Run(name(n, by), func(b *testing.B) { perKey(b, lookupOf(bench, by, nodes)) })
			}
		}
	}
}

// lookupOf builds a system and returns the loop that a benchmark measures.
func lookupOf(bench, by string, nodes []string) func(keys []string) {
	switch {
	case bench == "Select":
		return systemNamed(by).build(nodes).lookup
	case bench == "SelectThree":
		return systemNamed(by).build(nodes).three
	case by == "log-per-node":
		return newLogPerNode(nodes, mixedWeight).lookup
	default:
		return ofSet(newSet(nodes, mixedWeight)).lookup
	}
}

func BenchmarkBuild(b *testing.B) {
	each(b, func(b *testing.B, s system, nodes []string) {
		for b.Loop() {
			s.build(nodes)
		}
	})
}

// BenchmarkAddOne: from the 100 nodes that are there to 101. Systems that
// change in place are built anew, unmeasured, for each addition.
func BenchmarkAddOne(b *testing.B) {
	nodes := makeNodes(101)
	for _, s := range systems {
		b.Run(name(100, s.name), func(b *testing.B) {
			if s.build(nodes[:100]).add == nil {
				for b.Loop() {
					s.build(nodes)
				}
				return
			}
			for b.Loop() {
				b.StopTimer()
				before := s.build(nodes[:100])
				b.StartTimer()
				before.add(nodes[100])
			}
		})
	}
}

// BenchmarkMemory reports what a built system keeps, its nodes' names left out.
func BenchmarkMemory(b *testing.B) {
	each(b, func(b *testing.B, s system, nodes []string) {
		copies := max(1, 1000/len(nodes))
		kept := make([]chooser, copies)
		before := heap()
		for b.Loop() {
			for i := range kept {
				kept[i] = s.build(nodes)
			}
		}
		b.ReportMetric(float64(heap()-before)/float64(copies), "heap-B")
		b.ReportMetric(0, "ns/op")
		runtime.KeepAlive(kept)
	})
}

// heap returns the bytes in use once all garbage is gone.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkScaling reports how much more two processors look up than one. Both
// take turns of some milliseconds, and the median counts: on a shared machine a
// processor is away for a turn now and then, and seldom for most of them.
func BenchmarkScaling(b *testing.B) {
	if runtime.GOMAXPROCS(0) < 2 {
		b.Skip("needs two processors")
	}
	for _, by := range []string{"rendezvous", "table", "ring", "stathat"} {
		b.Run(name(100, by), func(b *testing.B) {
			c := systemNamed(by).build(makeNodes(100))
			var speedups []float64
			for b.Loop() {
				one, two := turn(c, 1), turn(c, 2)
				speedups = append(speedups, 2*one.Seconds()/two.Seconds())
			}
			b.ReportMetric(summarise(speedups).Median, "speedup")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// turn measures how long each of some goroutines needs for the same number of
// lookups, of keys of its own.
func turn(c chooser, goroutines int) time.Duration {
	const batches = 64
	all := keys()
	var done sync.WaitGroup
	start := time.Now()
	for g := range goroutines {
		done.Go(func() {
			for i := range batches {
				from := (g*batches + i) * batch % len(all)
				c.lookup(all[from : from+batch])
			}
		})
	}
	done.Wait()
	return time.Since(start)
}
