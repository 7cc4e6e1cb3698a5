package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReportRequiresEveryTarget: a target without measurement is an error,
// because a report without it would look complete.
func TestReportRequiresEveryTarget(t *testing.T) {
	err := write(filepath.Join(t.TempDir(), "page.md"), report{found: parsed(t, grown)})
	assert.ErrorContains(t, err, "rendezvous Select, 10 nodes: ")
}

func TestReport(t *testing.T) {
	found := parsed(t, grown)
	for _, target := range targets {
		for _, m := range []metric{target.of, target.to} {
			if m != (metric{}) {
				found.values[m] = []float64{1, 1}
			}
		}
	}
	path := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, write(path, report{options: options{Passes: 2}, found: found, Benchstat: "tables", GoVersion: "go version x"}))
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(page), "- go version x\n")
	assert.Contains(t, string(page), "median of 2 passes")
	assert.Contains(t, string(page), "| ring build, 100 x 160 points | golang/groupcache | 1 |  | at most 0.1 | **missed** |\n")
	assert.Contains(t, string(page), "| rendezvous Table Select, 100 nodes | own Select, 10 nodes | 1 |  | at most 1 | met |\n")
	assert.Contains(t, string(page), "```text\ntables\n```\n")
}
