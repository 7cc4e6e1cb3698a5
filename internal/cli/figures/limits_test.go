package figures

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
)

// checkFile runs the checks of a file over three nodes and four keys: a owns k1
// and k2, c owns k4 and k8, and b is the second node of k1 and k8. a and b are in
// a zone.
func checkFile(t *testing.T, text string) (failures []string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"checks.yaml": text,
		"three.txt":   "a zone=x\nb zone=x\nc zone=y\n",
		"two.txt":     "a zone=x\nc zone=y\n",
		"keys.txt":    "k1\nk2\nk4\nk8\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	folder, err := openCheckFolder(filepath.Join(dir, "checks.yaml"), "")
	require.NoError(t, err)
	defer folder.close()
	o := &checkOptions{std: quiet, maxWork: 1e9}
	k, err := o.newChecker(t.Context(), folder)
	require.NoError(t, err)
	suite, err := k.checkAll(t.Context())
	require.NoError(t, err)
	require.Len(t, suite.Checks, 1)
	for _, f := range suite.Checks[0].Failures {
		failures = append(failures, f.Message)
	}
	return failures
}

// TestLimitsAreInclusive has figures that are exactly at a limit, which pass, and
// just beyond it, which fail.
func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ nodes, passes, fails, why string }{
		"load":            {"two", "shares: {max: 1}", "shares: {max: 0.999}", "has 1.0000 times its expected load; the limit is 0.999"},
		"least load":      {"two", "shares: {min: 1}", "shares: {min: 1.001}", "has 1.0000 times its expected load; the minimum is 1.001"},
		"keys":            {"two", "shares: {max_keys: 2}", "shares: {max_keys: 1}", "has 2 keys; the limit is 1"},
		"share of a zone": {"two", "shares: {zones: {x: {max: 50%}}}", "shares: {zones: {x: {max: 49%}}}", "the limit is 49"},
		"least share":     {"two", "shares: {nodes: {a: {min: 50%}}}", "shares: {nodes: {a: {min: 51%}}}", "the minimum is 51"},
		"keys of a node":  {"two", "shares: {nodes: {a: {max_keys: 2}}}", "shares: {nodes: {a: {max_keys: 1}}}", "has 2 keys; the limit is 1"},
		"least keys":      {"two", "shares: {nodes: {a: {min_keys: 2}}}", "shares: {nodes: {a: {min_keys: 3}}}", "has 2 keys; the minimum is 3"},
		"moved keys":      {"two", "movement: {rounds: each_removal, max_moved: 50%}", "movement: {rounds: each_removal, max_moved: 49%}", "of the keys move (2 of 4)"},
		"copied replicas": {"two", "movement: {rounds: each_removal, max_copied: 50%}", "movement: {rounds: each_removal, max_copied: 49%}", "must be copied (2 of 4)"},
		"excess":          {"two", "movement: {rounds: each_removal, max_excess: 0}", "", ""},
		"all rounds":      {"two", "movement: {rounds: each_removal, max_total: 100%}", "movement: {rounds: each_removal, max_total: 99%}", "100.000% of the keys move in all rounds together"},
		"load after loss": {"two", "load_after_loss: {of: any_node, max: 2}", "load_after_loss: {of: any_node, max: 1.999}", "has 2.0000 times its expected load; the limit is 1.999"},
		"zones":           {"three", "spread: {policy: any, replicas: 2, zones: 2, except: 25%}", "spread: {policy: any, replicas: 2, zones: 2, except: 24%}", "of the keys (1 of 4)"},
		"fewest nodes":    {"two", "nodes: {min: 2}", "nodes: {min: 3}", "the minimum is 3"},
		"most nodes":      {"two", "nodes: {max: 2}", "nodes: {max: 1}", "the limit is 1"},
		"nodes of a zone": {"two", "nodes: {min_per_zone: 1}", "nodes: {min_per_zone: 2}", "the minimum of each zone is 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			head := "nodes: " + c.nodes + ".txt\nkeys: keys.txt\nchecks:\n  - name: n\n    "
			assert.Empty(t, checkFile(t, head+c.passes+"\n"), c.passes)
			if c.fails != "" {
				failures := checkFile(t, head+c.fails+"\n")
				require.NotEmpty(t, failures, c.fails)
				assert.Contains(t, failures[0], c.why)
			}
		})
	}
}

// TestMoveGatesAreInclusive has counts of moves that are exactly at a limit, and one
// above it.
func TestMoveGatesAreInclusive(t *testing.T) {
	t.Parallel()
	quarter := term.Fraction{Value: 0.25, Given: true}
	for name, c := range map[string]struct {
		gates moveGates
		at    compare.Movement
		above compare.Movement
	}{
		"moved":     {moveGates{moved: quarter}, movement(25, 0, 0), movement(26, 0, 0)},
		"excess":    {moveGates{excess: quarter}, movement(0, 25, 0), movement(0, 26, 0)},
		"copied":    {moveGates{copied: quarter}, movement(0, 0, 25), movement(0, 0, 26)},
		"no excess": {moveGates{excess: term.Fraction{Given: true}}, movement(100, 0, 0), movement(0, 1, 0)},
	} {
		var v gateResult
		c.gates.check(&v, &c.at)
		assert.NoError(t, v.result(), name)
		c.gates.check(&v, &c.above)
		require.Len(t, v.failures, 1, name)
		assert.Contains(t, v.failures[0], "the limit is", name)
	}
}

// movement returns a movement of 100 keys and replicas.
func movement(moved, excess, copied int64) compare.Movement {
	return compare.Movement{Keys: 100, Moved: moved, Excess: excess, Replicas: 100, Copied: copied}
}
