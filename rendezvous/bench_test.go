package rendezvous

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// benchKeys are a million distinct keys. A few thousand would train the branch
// predictor and make lookups look faster.
var benchKeys []string

var makeBenchKeys = sync.OnceFunc(func() {
	rng := rand.New(rand.NewPCG(9, 9))
	benchKeys = make([]string, 1<<20)
	for i := range benchKeys {
		benchKeys[i] = fmt.Sprintf("user:%0*x", 11+i%9, rng.Uint64()>>20)
	}
})

func benchKey(i int) string { return benchKeys[i&(len(benchKeys)-1)] }

func benchSet(b *testing.B, n int, weight func(server) float64) *Set[server] {
	b.Helper()
	makeBenchKeys()
	s := newSet(b, numbered("10.0.0.1:", n), Config[server]{ID: server.Name, Weight: weight})
	b.ReportAllocs()
	b.ResetTimer()
	return s
}

var benchSizes = []int{3, 10, 100, 1000, 10000}

func BenchmarkSelect(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			s := benchSet(b, n, nil)
			for i := range b.N {
				_, _ = s.Select(benchKey(i))
			}
		})
	}
}

func BenchmarkSelectWeighted(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			s := benchSet(b, n, func(s server) float64 { return 1 + float64(s.name[len(s.name)-1]%4) })
			for i := range b.N {
				_, _ = s.Select(benchKey(i))
			}
		})
	}
}

func BenchmarkSelectAll(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			s := benchSet(b, n, nil)
			keys := benchKeys[:1<<14]
			dst := make([]server, 0, len(keys))
			for range b.N {
				dst = s.SelectAll(dst[:0], keys)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/key")
		})
	}
}

func BenchmarkSelectN(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("nodes=%d/n=3", n), func(b *testing.B) {
			s := benchSet(b, n, nil)
			dst := make([]server, 0, 3)
			for i := range b.N {
				dst = s.SelectN(dst[:0], benchKey(i), 3)
			}
		})
	}
}

func BenchmarkTableSelect(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("nodes=%d/bits=16", n), func(b *testing.B) {
			s := benchSet(b, n, nil)
			table, err := s.Table(16)
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for i := range b.N {
				_, _ = table.Select(benchKey(i))
			}
		})
	}
}

func BenchmarkTable(b *testing.B) {
	for _, n := range benchSizes[:3] {
		b.Run(fmt.Sprintf("nodes=%d/bits=16", n), func(b *testing.B) {
			s := benchSet(b, n, nil)
			for range b.N {
				if _, err := s.Table(16); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTableWith(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("nodes=%d/bits=16", n), func(b *testing.B) {
			table, err := benchSet(b, n, nil).Table(16)
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				if _, err := table.With(server{"another", 1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			nodes := numbered("10.0.0.1:", n)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				newSet(b, nodes, Config[server]{ID: server.Name})
			}
		})
	}
}
