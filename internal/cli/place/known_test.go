package place

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// Every algorithm is in the first tier, and no settings are there twice.
func TestKnown(t *testing.T) {
	t.Parallel()
	tiers := Known()
	plain := slices.DeleteFunc(slices.Clone(Algorithms), Algorithm.NeedsFile)
	require.Len(t, tiers[0], len(plain))
	for i, a := range plain {
		assert.Equal(t, a.Name, tiers[0][i].Algorithm)
	}
	seen := map[string]bool{}
	for _, s := range slices.Concat(tiers[:]...) {
		assert.False(t, seen[s.CommandLine()], s.CommandLine())
		seen[s.CommandLine()] = true
	}
	for _, want := range []string{"-a table -H siphash --table-bits 10", "-a ring -H md5 --points 40", "-a nginx", "-a continuum --points 160"} {
		assert.True(t, seen[want], want)
	}
}

// Lookup finds the owner that the built placement finds.
func TestLookupIsThePlacement(t *testing.T) {
	t.Parallel()
	std := &term.Streams{Getenv: func(string) string { return "" }}
	nodes := nodesOf(t, []string{"a=10.0.0.1:80", "b=10.0.0.2:80,w=2", "c=10.0.0.3:80", "d=10.0.0.4:80,drain"})
	built := 0
	tiers := Known()
	for _, s := range slices.Concat(tiers[:]...) {
		if s.TableBits > 10 || s.Points > 100 {
			continue // takes long, and is the same code
		}
		var o Flags
		require.NoError(t, o.Apply(s, std), s.CommandLine())
		p, err := o.Build(nodes)
		lookup, failure := s.Lookup(nodes, std)
		require.Equal(t, err, failure, s.CommandLine())
		if err != nil {
			continue
		}
		built++
		for i := range 50 {
			key := fmt.Sprint("key-", i)
			want, _ := p.Select(key)
			got, ok := lookup(key)
			require.True(t, ok)
			require.Equal(t, want, got, "%s: %s", s.CommandLine(), key)
		}
	}
	assert.Greater(t, built, 60)
}
