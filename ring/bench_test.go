package ring

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
)

// benchmarkKeys returns 2^20 distinct keys of 16 to 24 bytes. Fewer would train the
// branch predictor and make lookups look faster.
var benchmarkKeys = sync.OnceValue(func() []string {
	rnd := rand.New(rand.NewPCG(1, 2))
	keys := make([]string, 1<<20)
	for i := range keys {
		key := fmt.Sprintf("%08x%016x", i, rnd.Uint64())
		keys[i] = key[:16+rnd.IntN(9)]
	}
	return keys
})

func benchmarkIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("node-%05d", i)
	}
	return ids
}

func benchmarkRing(b *testing.B, n int, layout Layout) *Ring[string] {
	b.Helper()
	r, err := New(benchmarkIDs(n), Config[string]{ID: self, Layout: layout})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

var benchmarkSizes = []int{10, 100, 1000, 10000}

func BenchmarkSelect(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r, keys := benchmarkRing(b, n, nil), benchmarkKeys()
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				r.Select(keys[i&(len(keys)-1)])
				i++
			}
		})
	}
}

func BenchmarkSelectAll(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r, keys := benchmarkRing(b, n, nil), benchmarkKeys()[:1<<14]
			dst := make([]string, 0, len(keys))
			b.ReportAllocs()
			for b.Loop() {
				dst = r.SelectAll(dst[:0], keys)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/key")
		})
	}
}

func BenchmarkSelectParallel(b *testing.B) {
	r, keys := benchmarkRing(b, 100, nil), benchmarkKeys()
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.Int(); pb.Next(); i++ {
			r.Select(keys[i&(len(keys)-1)])
		}
	})
}

func BenchmarkSelectLayout(b *testing.B) {
	for _, layout := range []Layout{Hashed(DefaultPoints), Ketama(KetamaDefault), Ketama(KetamaWeighted), HashRing()} {
		b.Run(layout.String(), func(b *testing.B) {
			r, keys := benchmarkRing(b, 100, layout), benchmarkKeys()
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				r.Select(keys[i&(len(keys)-1)])
				i++
			}
		})
	}
}

func BenchmarkSelectN(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r, keys := benchmarkRing(b, n, nil), benchmarkKeys()
			dst := make([]string, 0, 3)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				r.SelectN(dst, keys[i&(len(keys)-1)], 3)
				i++
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			ids := benchmarkIDs(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := New(ids, Config[string]{ID: self}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWith(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r := benchmarkRing(b, n, nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.With("another"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAcquire(b *testing.B) {
	for _, c := range []struct {
		name string
		held int
	}{{"a lease at a time", 1}, {"a thousand held", 1000}} {
		b.Run(c.name, func(b *testing.B) {
			r, keys := benchmarkRing(b, 100, nil), benchmarkKeys()
			balancer, err := NewBalancer(r, BalancerConfig[string]{ID: self, Bound: 1.25})
			if err != nil {
				b.Fatal(err)
			}
			held := make([]Lease[string], c.held)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				held[i%c.held].Release()
				held[i%c.held], _ = balancer.Acquire(keys[i&(len(keys)-1)])
				i++
			}
		})
	}
}
