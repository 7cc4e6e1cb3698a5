package figures

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/mapper"
)

// notIdentified are the algorithms that identify does not try, with the reason.
var notIdentified = map[string]string{
	"redis-cluster": "it needs a file with slots",
}

// TestIdentifyNamesRealPrograms gives the first answers of each real program to
// identify, which must name its algorithm.
func TestIdentifyNamesRealPrograms(t *testing.T) {
	t.Parallel()
	tried := 0
	vectors.Run(t, "programs/*.txt", func(t *testing.T, f *vectors.File) {
		if reason := notIdentified[f.Header("algorithm")]; reason != "" {
			t.Skip(reason)
		}
		nodes := programNodes(t, f)
		for i, answers := range f.All("answers") {
			if testing.Short() && i > 0 {
				break
			}
			fields := strings.SplitN(answers, " ", 3)
			seen := observed(f, fields[0])
			s := newSearch(nodes, nil, quiet)
			found := s.identify(s.run(t.Context(), seen), seen, 100)
			tried++
			require.NotEmpty(t, found.Explains, "%s: %s", f.Path, answers)
			assert.True(t, slices.ContainsFunc(found.Explains, func(e explained) bool {
				return e.Algorithm == f.Header("algorithm")
			}), "%s: %s: %v", f.Path, answers, found.Explains)
			assert.LessOrEqual(t, *found.Coincidence, certain, answers)
		}
	})
	if !testing.Short() {
		assert.Greater(t, tried, 100)
	}
}

// programNodes returns the servers of a program as the nodes of a source.
func programNodes(t *testing.T, f *vectors.File) (nodes []mapper.Node) {
	t.Helper()
	ids := f.All("id")
	for i, fields := range f.Fields("server", 3) {
		weight, err := strconv.ParseFloat(fields[2], 64)
		require.NoError(t, err)
		n := mapper.Node{Name: fields[0], Addr: fields[1], Weight: weight}
		switch {
		case len(ids) > 0:
			n.Name = ids[i]
		case n.Name == "-":
			n.Name = n.Addr
		}
		if n.Addr == "-" {
			n.Addr = ""
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// observed returns the first answers in a column.
func observed(f *vectors.File, column string) (seen []compare.Observation) {
	for _, row := range f.Rows[:60] {
		seen = append(seen, compare.Observation{Key: row.Text("key"), Node: row.Int(column)})
	}
	return seen
}
