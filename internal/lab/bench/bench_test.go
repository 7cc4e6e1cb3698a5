package main

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// batch is the number of keys that one iteration looks up.
const batch = 1024

var growthOver = []int{10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000}

// sizesOf returns the numbers of nodes to measure a system with. Ours have more
// sizes, to show how cost grows.
func (s system) sizesOf() []int {
	sizes := peerSizes
	if slices.Contains(ours, s.name) {
		sizes = growthOver
	}
	return slices.DeleteFunc(slices.Clone(sizes), s.tooMany)
}

// tooMany reports whether the system is not measured with that many nodes.
func (s system) tooMany(nodes int) bool {
	return nodes > s.most || testing.Short() && nodes > 100
}

// name returns the name of a sub-benchmark in the form that benchstat parses.
func name(nodes int, by string) string { return fmt.Sprintf("nodes=%d/by=%s", nodes, by) }

// perKey measures a loop over many keys and reports the cost of one key.
func perKey(b *testing.B, lookup func(keys []string)) {
	b.ReportAllocs()
	all, at := keys(), 0
	for b.Loop() {
		lookup(all[at : at+batch])
		at = (at + batch) % len(all)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/op")
}

// each runs a benchmark for every number of nodes and system. Systems to compare
// run next to each other.
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

// compare measures the given systems at the sizes of peers.
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

// BenchmarkAddOne adds a node to 100 nodes. Systems that change in place are
// rebuilt outside the measurement for each addition.
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

// BenchmarkMemory reports the memory of a built system without node names.
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

// heap returns the bytes in use after garbage collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkScaling reports the speedup of two processors over one. Both are
// measured in turns of some milliseconds, and the median counts, because on a
// shared machine a processor is sometimes busy for a turn.
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
			b.ReportMetric(summarize(speedups).Median, "speedup")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// turn measures how long the goroutines take for the same number of lookups
// each, with distinct keys.
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
