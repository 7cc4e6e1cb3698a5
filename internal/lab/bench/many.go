package main

import (
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// Benchmarks of many keys run three times in a pass: as the processor allows,
// without AVX-512, and in portable Go. The environment variable is the suffix of the
// names of systems.
const (
	variant  = "BENCH_VARIANT"
	avx2     = "-avx2"
	portable = "-portable"
	oneByOne = "-each" // the suffix of systems that look up one key after another
	ofMany   = "^Benchmark(SelectAll|SelectThreeAll|HashAll)$"
)

var (
	peerSizes  = []int{10, 100, 1_000, 10_000}
	batched    = []string{"rendezvous", "weighted", "table", "ring"}
	batchPeers = []string{"go-rendezvous", "groupcache"}
	hashed     = []prf.Method{prf.SipHash, prf.MMH32, prf.MMH64, prf.MMH128}
)

// inBatch is the cost in a batch of keys over that of one key after another.
func inBatch(bench string, nodes int, by, variant string) quantity {
	return cost(bench, nodes, by+variant).over(by + oneByOne + variant)
}

// Batches returns a Markdown table of a benchmark of many keys.
func (r report) Batches(bench string) string {
	var rows strings.Builder
	rows.WriteString("| nodes | | one by one | batch | ratio | AVX2: one by one | batch | ratio | portable: one by one | batch | ratio |\n")
	rows.WriteString("|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	systems := append(batched[:len(batched):len(batched)], batchPeers...)
	for _, m := range hashed {
		systems = append(systems, m.String())
	}
	for _, n := range append([]int{0}, peerSizes...) {
		for _, by := range systems {
			if _, ok := r.found.median(cost(bench, n, by+oneByOne)); !ok {
				continue
			}
			fmt.Fprintf(&rows, "| %d | %s |", n, by)
			for _, v := range []string{"", avx2, portable} {
				for _, q := range []quantity{cost(bench, n, by+oneByOne+v).alone(), cost(bench, n, by+v).alone(), inBatch(bench, n, by, v)} {
					cell := " |"
					if s, err := r.found.summary(q); err == nil {
						cell = " " + figures(s.Median) + " |"
					}
					rows.WriteString(cell)
				}
			}
			rows.WriteString("\n")
		}
	}
	return strings.ReplaceAll(rows.String(), "| 0 |", "| |")
}
