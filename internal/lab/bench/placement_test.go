package main

import (
	"testing"
)

// placementKeys returns the keys that the benchmarks of placement use: all, or in a
// short run, which only shows that they work, an eighth.
func placementKeys() []string {
	if testing.Short() {
		return keys()[:keyCount/8]
	}
	return keys()
}

// BenchmarkBalance places all keys on 100 nodes. It does not measure time: it
// reports the highest load over the average, and chi-square over its degrees of
// freedom, which is about 1 if chance alone is at work.
func BenchmarkBalance(b *testing.B) {
	nodes := makeNodes(100)
	for _, s := range systems {
		b.Run(name(len(nodes), s.name), func(b *testing.B) {
			var loads map[string]int
			for b.Loop() {
				loads = loadsOf(s.build(nodes))
			}
			busiest, chi := spread(loads, len(nodes))
			b.ReportMetric(busiest, "max/avg")
			b.ReportMetric(chi, "chi2/df")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func loadsOf(c chooser) map[string]int {
	loads := map[string]int{}
	for _, key := range placementKeys() {
		loads[c.owner(key)]++
	}
	return loads
}

// spread compares loads with equal shares for n nodes.
func spread(loads map[string]int, n int) (busiest, chi float64) {
	total := 0
	for _, load := range loads {
		total += load
	}
	even := float64(total) / float64(n)
	chi = float64(n-len(loads)) * even // nodes without keys
	for _, load := range loads {
		off := float64(load) - even
		chi += off * off / even
		busiest = max(busiest, float64(load)/even)
	}
	return busiest, chi / float64(n-1)
}

// BenchmarkMoves removes one of 100 nodes. It reports the number of keys that
// moved although their owner stayed, and the percentage that had to move.
func BenchmarkMoves(b *testing.B) {
	nodes := makeNodes(100)
	gone := nodes[42]
	rest := append(append([]string(nil), nodes[:42]...), nodes[43:]...)
	for _, s := range systems {
		b.Run(name(len(nodes), s.name), func(b *testing.B) {
			var unneeded, needed int
			for b.Loop() {
				unneeded, needed = moves(s.build(nodes), s.build(rest), gone)
			}
			b.ReportMetric(float64(unneeded), "unneeded-moves")
			b.ReportMetric(100*float64(needed)/float64(len(placementKeys())), "%-needed-moves")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// moves counts the keys whose owner changed although it stayed, and the keys
// whose owner is gone.
func moves(before, after chooser, gone string) (unneeded, needed int) {
	for _, key := range placementKeys() {
		switch was := before.owner(key); {
		case was == gone:
			needed++
		case was != after.owner(key):
			unneeded++
		}
	}
	return unneeded, needed
}
