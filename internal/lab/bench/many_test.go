package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
)

// contestant is a loop over keys to compare with others.
type contestant struct {
	by  string
	run func(keys []string)
}

// takeTurns measures contestants in turns of less than a millisecond, so that a slow
// phase of the machine affects all of them, and reports the cost of a key in the
// median turn. No turn repeats keys of the one before.
func takeTurns(b *testing.B, nodes int, contestants []contestant) {
	b.Helper()
	const most = 32 * batch
	turns := 61
	if testing.Short() {
		turns = 1
	}
	took := make([][]float64, len(contestants))
	for t := range turns {
		some := keys()[t*most%keyCount:][:most]
		touch(some)
		for i, c := range contestants {
			c.run(some[:batch]) // loads the nodes into the cache
			count := most
			if len(took[i]) > 0 {
				count = min(most, max(1, int(400_000/took[i][0]/batch))*batch)
			}
			start := time.Now()
			for at := 0; at < count; at += batch {
				c.run(some[at : at+batch])
			}
			took[i] = append(took[i], float64(time.Since(start).Nanoseconds())/float64(count))
		}
	}
	for i, c := range contestants {
		b.Run(name(nodes, c.by+os.Getenv(variant)), func(b *testing.B) {
			b.ReportMetric(summarize(took[i]).Median, "ns/op")
		})
	}
}

// touch reads the keys, so that the first contestant does not load them for the
// others.
func touch(keys []string) {
	var sum byte
	for _, key := range keys {
		sum += key[0] + key[len(key)-1]
	}
	touched = sum
}

var touched byte

// manyKeys is one of ours, which takes many keys in one call.
type manyKeys interface {
	Select(key string) (string, bool)
	SelectAll(dst, keys []string) []string
	SelectN(dst []string, key string, n int) []string
	SelectNAll(dst, keys []string, n int) []string
}

// manySystems builds ours over the nodes.
func manySystems(nodes []string) map[string]manyKeys {
	set := newSet(nodes, nil)
	return map[string]manyKeys{
		"rendezvous": set,
		"weighted":   newSet(nodes, mixedWeight),
		"table":      must(set.Table(tableBits)),
		"ring":       must(ring.New(nodes, ring.Config[string]{ID: itself, Layout: ring.Hashed(points)})),
	}
}

// BenchmarkSelectAll compares lookups of many keys in one call with those of one key
// after another, ours and peers'. All keep the owners.
func BenchmarkSelectAll(b *testing.B) {
	dst := make([]string, 0, batch)
	for _, n := range peerSizes[:3] {
		nodes := makeNodes(n)
		if testing.Short() && n > 100 {
			continue
		}
		var all []contestant
		add := func(by string, run func(keys []string)) { all = append(all, contestant{by, run}) }
		built := manySystems(nodes)
		for _, by := range batched {
			s := built[by]
			add(by, func(keys []string) { dst = s.SelectAll(dst[:0], keys) })
			add(by+oneByOne, func(keys []string) {
				dst = dst[:0]
				for _, key := range keys {
					node, _ := s.Select(key)
					dst = append(dst, node)
				}
			})
		}
		for _, by := range batchPeers {
			owner := systemNamed(by).build(nodes).owner
			add(by+oneByOne, func(keys []string) {
				dst = dst[:0]
				for _, key := range keys {
					dst = append(dst, owner(key))
				}
			})
		}
		takeTurns(b, n, all)
	}
}

// BenchmarkSelectAllCores measures lookups of many keys on 1, 2, 4 and 8 processors, as
// far as the machine has them. A goroutine for each looks up the same number of keys.
func BenchmarkSelectAllCores(b *testing.B) {
	const rounds = 64
	turns := 15
	if testing.Short() {
		turns = 1
	}
	for _, n := range peerSizes[:2] {
		built := manySystems(makeNodes(n))
		for _, by := range batched {
			for cores := 1; cores <= min(8, runtime.GOMAXPROCS(0)); cores *= 2 {
				var took []float64
				for range turns {
					took = append(took, 1e9*seconds(func() { lookupOn(built[by], cores, rounds) })/float64(cores*rounds*batch))
				}
				b.Run(name(n, fmt.Sprintf("%s-%d-cores", by, cores)), func(b *testing.B) {
					b.ReportMetric(summarize(took).Median, "ns/op")
				})
			}
		}
	}
}

// lookupOn looks up batches of keys on some processors, as many on each.
func lookupOn(s manyKeys, cores, batches int) {
	all := keys()
	var done sync.WaitGroup
	for g := range cores {
		done.Go(func() {
			dst := make([]string, 0, batch)
			for i := range batches {
				from := (g*batches + i) * batch % len(all)
				dst = s.SelectAll(dst[:0], all[from:from+batch])
			}
		})
	}
	done.Wait()
}

// BenchmarkSelectThreeAll is BenchmarkSelectAll for three owners.
func BenchmarkSelectThreeAll(b *testing.B) {
	dst := make([]string, 0, 3*batch)
	for _, n := range peerSizes[:2] {
		nodes := makeNodes(n)
		var all []contestant
		built := manySystems(nodes)
		for _, by := range batched {
			s := built[by]
			all = append(all, contestant{by, func(keys []string) { dst = s.SelectNAll(dst[:0], keys, 3) }},
				contestant{by + oneByOne, func(keys []string) {
					dst = dst[:0]
					for _, key := range keys {
						dst = s.SelectN(dst, key, 3)
					}
				}})
		}
		takeTurns(b, n, all)
	}
}

// BenchmarkHashAll compares hashes of many keys with those of one key after another.
func BenchmarkHashAll(b *testing.B) {
	sums := make([]uint64, batch)
	var all []contestant
	for _, m := range hashed {
		one, many := m.Func(prf.Options{}), m.FuncAll(prf.Options{})
		all = append(all, contestant{m.String(), func(keys []string) { many(sums, keys) }},
			contestant{m.String() + oneByOne, func(keys []string) {
				for i, key := range keys {
					sums[i] = one(key)
				}
			}})
	}
	takeTurns(b, 0, all)
}

// BenchmarkGrow compares adding a node to many with a full build. The two take
// turns.
func BenchmarkGrow(b *testing.B) {
	const size = 10_000
	turns := 5
	if testing.Short() {
		turns = 1
	}
	nodes := makeNodes(size + 1)
	set := newSet(nodes[:size], nil)
	table := must(set.Table(tableBits))
	circle := must(ring.New(nodes[:size], ring.Config[string]{ID: itself, Layout: ring.Hashed(points)}))
	grown := must(set.With(nodes[size]))
	for _, c := range []struct {
		by         string
		add, build func()
	}{
		{
			"table",
			func() { must(table.With(nodes[size])) },
			func() { must(grown.Table(tableBits)) },
		},
		{
			"ring",
			func() { must(circle.With(nodes[size])) },
			func() { must(ring.New(nodes, ring.Config[string]{ID: itself, Layout: ring.Hashed(points)})) },
		},
		{
			"rendezvous",
			func() { must(set.With(nodes[size])) },
			func() { must(rendezvous.New(nodes, rendezvous.Config[string]{ID: itself})) },
		},
	} {
		var add, build []float64
		for range turns {
			add = append(add, 1e9*seconds(c.add))
			build = append(build, 1e9*seconds(c.build))
		}
		b.Run(name(size, c.by), func(b *testing.B) { b.ReportMetric(summarize(add).Median, "ns/op") })
		b.Run(name(size, c.by+"-build"), func(b *testing.B) { b.ReportMetric(summarize(build).Median, "ns/op") })
	}
}
