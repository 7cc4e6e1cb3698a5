package ring

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spread returns how many times its share the fullest of n equal nodes has, for
// each of sets of names, in ascending order.
func spread(t *testing.T, n, points, sets int) (fullest []float64) {
	t.Helper()
	for set := range sets {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("rack-%d/node-%d", set, i)
		}
		r, err := New(names, Config[string]{ID: self, Layout: Hashed(points)})
		require.NoError(t, err)
		most := 0.0
		for _, share := range r.Shares() {
			most = max(most, share)
		}
		fullest = append(fullest, most*float64(n))
	}
	slices.Sort(fullest)
	return fullest
}

// TestSpreadIsDocumented computes the table in the package documentation. With
// -v it prints the table.
func TestSpreadIsDocumented(t *testing.T) {
	if testing.Short() {
		t.Skip("builds thousands of rings")
	}
	t.Parallel()
	text, err := os.ReadFile("ring.go")
	require.NoError(t, err)
	for _, points := range []int{40, 160, 640, 2560} {
		row := fmt.Sprintf("//\t%6d", points)
		for _, n := range []int{8, 20, 100} {
			of := spread(t, n, points, 200)
			row += fmt.Sprintf("   %.2f %.2f", of[len(of)/2], of[len(of)-1])
		}
		t.Log(row)
		assert.True(t, strings.Contains(string(text), row+"\n"), "the documentation of the package lacks %q", row)
	}
}
