// Mixlab is the experiment that chose the mixing function of package
// rendezvous, kept so that anybody can run it again:
//
//	go run ./internal/lab/mixlab            30 million keys a cell, some minutes
//	go run ./internal/lab/mixlab -keys 1e6  a quick look
//
// A mixer turns the hash of a key and the seed of a node into a score. It is
// good when nothing but chance shows in who wins: the first choice, the pair
// of first and second choice, the order of the best three and the first choice
// under unequal weights must all fit their expected counts. Each cell prints
// the largest departure over several sets of nodes, as standard deviations of
// the chi-square statistic; up to about 4 is chance, hundreds are a fault.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"text/tabwriter"
	"time"
)

func main() {
	keys := flag.Float64("keys", 30e6, "keys in each cell")
	flag.Parse()
	if err := run(int(*keys)); err != nil {
		fmt.Fprintln(os.Stderr, "mixlab:", err)
		os.Exit(1)
	}
}

// run measures every mixer on every kind of input and prints one row each.
func run(keys int) error {
	if keys < 100_000 {
		return fmt.Errorf("-keys %d is too few for a chi-square of 9,900 cells: use at least 1e5", keys)
	}
	out := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintf(out, "mixer\tinputs\tfirst\tpair\torder of 3\tweighted\tns/node\n")
	for _, m := range mixers {
		for _, in := range inputs {
			row := measure(m, in, keys)
			fmt.Fprintf(out, "%s\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\n",
				m.name, in.name, row.first, row.pair, row.order, row.weighted, row.cost)
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// row holds the largest departures of one mixer on one kind of input.
type row struct {
	first, pair, order, weighted float64
	cost                         float64 // nanoseconds for one node of one key
}

// measure counts choices among several sets of nodes, using every core.
func measure(m mixer, in input, keys int) row {
	var r row
	for _, nodes := range []int{10, 100} {
		first, pair, elapsed := countPairs(m, in, nodes, keys)
		r.first = max(r.first, departure(first, nil))
		r.pair = max(r.pair, departure(pair, nil))
		r.cost = float64(elapsed.Nanoseconds()) * float64(workers()) / float64(keys) / float64(nodes)
	}
	for set := range 8 {
		order, weighted := countTriples(m, in, set, keys/8)
		r.order = max(r.order, departure(order, nil))
		r.weighted = max(r.weighted, departure(weighted, tripleShares()))
	}
	return r
}

func workers() int { return runtime.GOMAXPROCS(0) }

// parallel splits keys over the cores and adds up what each counted.
func parallel(keys, cells int, count func(from, to int, into []int)) []int {
	parts := make([][]int, workers())
	var wg sync.WaitGroup
	for w := range parts {
		parts[w] = make([]int, cells)
		wg.Go(func() { count(keys*w/len(parts), keys*(w+1)/len(parts), parts[w]) })
	}
	wg.Wait()
	sum := parts[0]
	for _, p := range parts[1:] {
		for i, n := range p {
			sum[i] += n
		}
	}
	return sum
}

// countPairs counts the first choice, and the first with the second, over all
// keys. The pair (i, i) cannot occur and has no cell.
func countPairs(m mixer, in input, nodes, keys int) (first, pair []int, elapsed time.Duration) {
	seeds := in.seeds(m, nodes, 0)
	start := time.Now()
	all := parallel(keys, nodes*nodes, func(from, to int, into []int) {
		scores := make([]uint64, nodes)
		for k := from; k < to; k++ {
			m.score(scores, seeds, in.key(k))
			a, b := bestTwo(scores)
			into[a*nodes+b]++
		}
	})
	elapsed = time.Since(start)
	first = make([]int, nodes)
	for cell, n := range all {
		first[cell/nodes] += n
		if cell/nodes != cell%nodes {
			pair = append(pair, n)
		}
	}
	return first, pair, elapsed
}

func bestTwo(scores []uint64) (a, b int) {
	a, b = 0, 1
	if scores[b] > scores[a] {
		a, b = b, a
	}
	for i := 2; i < len(scores); i++ {
		switch s := scores[i]; {
		case s > scores[a]:
			a, b = i, a
		case s > scores[b]:
			b = i
		}
	}
	return a, b
}
