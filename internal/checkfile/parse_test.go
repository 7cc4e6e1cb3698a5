package checkfile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var format = &Format{Algorithms: []string{"rendezvous", "table", "ring", "ketama"}, Hashes: []string{"siphash", "md5"}}

// example has every key of a check file.
const example = `# a comment
nodes: nodes.txt
algorithm: ring
hash: md5
points: 40
unit: 0.5
sample: 10000
checks:
  - name: pins
    pins:
      user:1: a
      "user 2": 010   # a literal ID
      user:3:
      'it''s': no
      replicas: [a, 7]
  - name: even
    severity: warn
    shares:
      max: 1.05
      max_keys: 4000
      zones: {eu: {max: 60%}}
      nodes:
        a: {min: 20%, max: 0.3, min_keys: 1, max_keys: 3000}
  - name: a node joins
    movement:
      before: old.txt
      rounds:
        - add: ["c,w=2"]
        - remove: [a]
          reweight: {b: 2}
        - remove_zone: eu
        - remove_zone: [us, asia]
      max_moved: 40%
      max_excess: 0
      no_survivor_moves: true
  - name: zones
    spread: {replicas: 3, zones: 2, except: 1%}
  - name: enough
    nodes: {min: 2, max: 5, min_per_zone: 1}
  - name: placement
    checksum: 1f0a9c3d5e7b8a90
  - name: spare capacity
    load_after_loss: {of: any_zone, max: 1.6}
  - name: leaving ketama
    movement:
      before: {nodes: [a, b], algorithm: ketama, hash: md5, key_hash: crc, hash_by: id, hash_tag: <>, points: 7, unit: 2, table_bits: 9, partitions: 11, bound: 1.1, layout_file: l.yaml, slots: s.txt}
      replicas: 2
      policy: spread
      rounds: each_removal
      max_copied: 40%
`

func TestParse(t *testing.T) {
	t.Parallel()
	f, err := format.Parse([]byte(example), "checks.yaml")
	require.NoError(t, err)
	assert.Equal(t, "nodes.txt", f.Nodes.File)
	assert.Equal(t, []any{"ring", "md5", 40, 0.5, int64(10_000)}, []any{f.Algorithm, f.Hash, f.Points, f.Unit, f.Sample})
	require.Len(t, f.Checks, 8)
	var pins []string
	for _, p := range f.Checks[0].Pins {
		pins = append(pins, p.Key+" -> "+strings.Join(p.Nodes, " "))
	}
	assert.Equal(t, []string{"user:1 -> a", "user 2 -> 010", "user:3 -> ", "it's -> no", "replicas -> a 7"}, pins)
	assert.Equal(t, 9, f.Checks[0].Line)
	assert.Equal(t, 13, f.Checks[0].Pins[2].Line)
	assert.Equal(t, 1.05, *f.Checks[1].Shares.Max)
	assert.Equal(t, []any{true, int64(4000)}, []any{f.Checks[1].Warn, *f.Checks[1].Shares.MaxKeys})
	share := f.Checks[1].Shares.Nodes[0]
	assert.Equal(t, []any{"a", 0.2, 0.3, int64(1), int64(3000)}, []any{share.Name, *share.Min, *share.Max, *share.MinKeys, *share.MaxKeys})
	assert.Equal(t, []any{"eu", 0.6}, []any{f.Checks[1].Shares.Zones[0].Name, *f.Checks[1].Shares.Zones[0].Max})
	m := f.Checks[2].Movement
	assert.Equal(t, []any{"old.txt", 0.4, 0.0, true}, []any{m.Before.Nodes.File, *m.MaxMoved, *m.MaxExcess, m.NoSurvivorMoves})
	assert.Equal(t, []Round{
		{Line: 28, Add: []string{"c,w=2"}}, {Line: 29, Remove: []string{"a"}, Reweight: []string{"b=2"}},
		{Line: 31, RemoveZone: []string{"eu"}}, {Line: 32, RemoveZone: []string{"us", "asia"}},
	}, m.Rounds)
	assert.Equal(t, &Spread{Replicas: 3, Zones: 2, Except: 0.01}, f.Checks[3].Spread)
	assert.Equal(t, &Count{Min: 2, Max: 5, MinPerZone: 1}, f.Checks[4].Nodes)
	assert.Equal(t, "1f0a9c3d5e7b8a90", f.Checks[5].Checksum.Text)
	assert.Equal(t, &Loss{Zone: true, Max: 1.6}, f.Checks[6].LoadAfterLoss)
	m = f.Checks[7].Movement
	assert.Equal(t, &Side{Nodes: Nodes{Inline: []string{"a", "b"}}, Settings: Settings{"ketama", "md5", "crc", "id", "<>", 7, 2, 9, 11, 1.1, "l.yaml", "s.txt"}, Line: 46}, m.Before)
	assert.Equal(t, []any{2, "spread", true, 0.4}, []any{m.Replicas, m.Policy, m.EachRemoval, *m.MaxCopied})
}

func TestInlineNodes(t *testing.T) {
	t.Parallel()
	f, err := format.Parse([]byte("nodes: [a, 'b,w=2']\nchecks: [{name: n, nodes: {min: 2}}]\n"), "checks.yaml")
	require.NoError(t, err)
	assert.Equal(t, Nodes{Inline: []string{"a", "b,w=2"}}, f.Nodes)
}

const oneCheck = "checks: [{name: n, nodes: {min: 1}}]\n"

// checkOf returns a file with one check, which has the given keys.
func checkOf(keys string) string { return "checks:\n  - name: n\n    " + keys + "\n" }

// faulty are files with one error each.
var faulty = []struct{ name, file, want string }{
	{"an empty file", "", "file is empty"},
	{"only a comment", "# only\n", "file is empty"},
	{"no checks", "nodes: a\n", "f:1:1: no checks"},
	{"an empty list of checks", "checks: []\n", "no checks"},
	{"an unknown key", "nodez: a\n" + oneCheck, `f:1:1: unknown key "nodez" in a check file: choose from nodes, algorithm,`},
	{"an unknown key of a check", checkOf("pinz: {}"), `f:3:5: unknown key "pinz" in a check: choose from name, severity, pins,`},
	{"an unknown key of a round", checkOf("movement:\n      rounds:\n        - ad: [c]"), `f:5:11: unknown key "ad" in a round`},
	{"a duplicate key", "nodes: a\nnodes: b\n" + oneCheck, `f:2:1: duplicate key "nodes", first on line 1`},
	{"a duplicate pin", checkOf("pins: {k: a, k: b}"), `duplicate key "k", first on line 3`},
	{"a duplicate name", "checks:\n  - {name: n, nodes: {min: 1}}\n  - {name: n, nodes: {min: 2}}\n", `f:3:5: duplicate check name "n", first on line 2`},
	{"no name", "checks:\n  - nodes: {min: 1}\n", "f:2:5: check without a name"},
	{"two kinds in a check", checkOf("nodes: {min: 1}\n    pins: {k: a}"), `check "n" has 2 of pins, checksum, shares, movement, load_after_loss, spread, nodes, shards and domains; want exactly one`},
	{"no kind in a check", checkOf("{}")[:len("checks:\n  - name: n\n")], `check "n" has 0 of pins`},
	{"no pins", checkOf("pins: {}"), "no pins"},
	{"a pin that is a mapping", checkOf("pins: {k: {a: b}}"), `pin of "k"`},
	{"a pin without replicas", checkOf("pins: {k: []}"), "a node of a pin: the list is empty"},
	{"a short checksum", checkOf("checksum: 1f0a"), `checksum "1f0a": want 16 hexadecimal digits`},
	{"a checksum that is a number", checkOf("checksum: 1234567890123456"), "in quotes if all are decimal"},
	{"an unknown loss", checkOf("load_after_loss: {of: any_rack, max: 2}"), `unknown of "any_rack": choose from any_node, any_zone`},
	{"a loss without a limit", checkOf("load_after_loss: {of: any_node}"), "load_after_loss: want max"},
	{"an unknown severity", checkOf("severity: fatal\n    nodes: {min: 1}"), `unknown severity "fatal": choose from error, warn`},
	{"rounds of another word", checkOf("movement: {rounds: all, max_moved: 1}"), `unknown rounds "all": choose from each_removal`},
	{"weights without keys", "key_weights: true\n" + oneCheck, "key_weights: want keys too"},
	{"an unknown algorithm", "algorithm: rendezvouz\n" + oneCheck, `unknown algorithm "rendezvouz": choose from rendezvous, table`},
	{"a merge key", "<<: {nodes: a}\n" + oneCheck, "merge keys are not supported"},
	{"an underscore", "sample: 1_000\n" + oneCheck, `sample "1_000": want an integer`},
	{"no limit of movement", checkOf("movement: {before: a}"), "want a limit"},
	{"no change of nodes", checkOf("movement: {max_moved: 1%}"), "want a change of nodes: before or rounds"},
	{"an empty round", checkOf("movement: {rounds: [{}], max_moved: 1%}"), "a round: want add"},
	{"a fraction above 1", checkOf("movement: {before: a, max_moved: 12}"), `max_moved "12": want a percentage`},
	{"not a number", checkOf("shares: {max: NaN}"), `max "NaN"`},
	{"no bounds", checkOf("shares: {}"), "shares: want min"},
	{"no bounds of a node", checkOf("shares: {nodes: {a: {}}}"), `the share of node "a"`},
	{"more zones than replicas", checkOf("spread: {replicas: 2, zones: 3}"), "no more zones than replicas"},
	{"an integer out of range", checkOf("nodes: {min: 0}"), `min "0": want an integer from 1`},
	{"yes for true", checkOf("movement: {before: a, no_survivor_moves: yes}"), "want true or false"},
	{"keys and a sample", "keys: k\nsample: 5\n" + oneCheck, "mutually exclusive"},
	{"an anchor", "nodes: &x a\nalgorithm: *x\n" + oneCheck, "f:1:8: anchor &x"},
	{"a tag", "nodes: !!str a\n" + oneCheck, "tags are not supported"},
	{"two documents", oneCheck + "---\n" + oneCheck, "second document"},
	{"a list", "- a\n", "f:1:1: a check file: want a mapping of keys to values"},
	{"a scalar", "a\n", "want a mapping of keys to values"},
	{"a tab", "checks:\n\t- a\n", "f:2:1: found character that cannot start any token"},
	{"a file above the limit", strings.Repeat("#", MaxSize+1), "more than the limit of 1048576"},
}

// TestParseErrors: the message about a file with one error names its position.
func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range faulty {
		t.Run(c.name, func(t *testing.T) {
			_, err := format.Parse([]byte(c.file), "f")
			require.ErrorContains(t, err, c.want)
			var at *Error
			assert.ErrorAs(t, err, &at)
		})
	}
}

// TestBombs: input that expands exponentially or nests deeply fails quickly.
func TestBombs(t *testing.T) {
	t.Parallel()
	laughs := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		p := string(c - 1)
		laughs += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+p+",", 9), ",") + "]\n"
	}
	for name, bomb := range map[string]string{
		"a billion laughs": laughs,
		"brackets":         "checks: " + strings.Repeat("[", 100_000),
		"dashes":           strings.Repeat("- ", 100_000),
		"braces":           strings.Repeat("{a: ", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := format.Parse([]byte(bomb), "bomb")
			require.Error(t, err)
			assert.Less(t, time.Since(began), time.Minute, "100 ms on an idle machine; expanding the input takes hours")
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add("checks: [{name: n, pins: {a: , b: ~}}]")
	for _, keys := range []string{
		"pins: {k: a, l: [a, b]}", "checksum: 1f0a9c3d5e7b8a90", "checksum:", "shares: {max: 2, zones: {eu: {max: 60%}}}",
		"movement: {rounds: each_removal, max_copied: 40%}", "load_after_loss: {of: any_node, max: 1.6}", "spread: {replicas: 3, zones: 2}",
	} {
		f.Add(checkOf(keys)) // small files, in which a changed byte changes a rule
	}
	for _, c := range faulty {
		if len(c.file) <= MaxSize {
			f.Add(c.file)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := format.Parse([]byte(text), "f")
		if err != nil {
			return
		}
		recorded, err := file.Record([]byte(text), func(_ string, n int) []string { return slices.Repeat([]string{"x y"}, n) }, "0123456789abcdef")
		if err != nil {
			return
		}
		again, err := format.Parse(recorded, "f")
		require.NoError(t, err)
		assert.Len(t, again.Checks, len(file.Checks))
	})
}
