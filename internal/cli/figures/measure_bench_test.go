package figures

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/answer"
)

// BenchmarkDiff measures the keys per second that diff compares on all processors,
// by number of nodes.
func BenchmarkDiff(b *testing.B) {
	for _, algorithm := range []string{"rendezvous", "table", "ring"} {
		for _, n := range []int{10, 100, 1000, 10_000} {
			b.Run(fmt.Sprintf("%s/nodes=%d", algorithm, n), func(b *testing.B) {
				before, after := placed(b, algorithm, equalNodes(n)), placed(b, algorithm, equalNodes(n+1))
				keys := &answer.Keys{Sample: 1 << 18}
				b.ResetTimer()
				for range b.N {
					_, err := measureChange(context.Background(), quiet, before, after, keys, nil)
					require.NoError(b, err)
				}
				perOp := b.Elapsed().Seconds() / float64(b.N)
				b.ReportMetric(float64(keys.Sample)/perOp, "keys/s")
			})
		}
	}
}

// BenchmarkBalance measures the keys per second that balance counts.
func BenchmarkBalance(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("rendezvous/nodes=%d", n), func(b *testing.B) {
			p := placed(b, "rendezvous", equalNodes(n))
			keys := &answer.Keys{Sample: 1 << 18}
			b.ResetTimer()
			for range b.N {
				_, err := measureLoad(context.Background(), quiet, p, keys)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(keys.Sample)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}
