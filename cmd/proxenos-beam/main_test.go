package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// proxenos is the built CLI that the tests compare with.
var proxenos string

func TestMain(m *testing.M) {
	flag.Parse()
	beam.Init()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "proxenos-beam-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	proxenos = filepath.Join(dir, "proxenos")
	build := exec.Command("go", "build", "-o", proxenos, "github.com/proxenos/proxenos/cmd/proxenos")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(err)
	}
	return m.Run()
}

// keyCount is the number of keys of the comparison: PROXENOS_BEAM_KEYS, or 100,000.
func keyCount(t *testing.T) int {
	n := 100_000
	if text := os.Getenv("PROXENOS_BEAM_KEYS"); text != "" {
		_, err := fmt.Sscan(text, &n)
		require.NoError(t, err)
	}
	return n
}

// result is what a program printed and wrote.
type result struct {
	code        int
	out, errors string
	moves       []string // lines, sorted
}

// pipeline runs a command line of proxenos-beam on prism.
func pipeline(t *testing.T, args ...string) (r result) {
	t.Helper()
	var out, errs bytes.Buffer
	std := &term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: os.Getenv}
	r.code = run(context.WithoutCancel(t.Context()), std, append([]string{"diff"}, args...))
	r.out, r.errors = out.String(), errs.String()
	return r
}

// cli runs the built proxenos.
func cli(t *testing.T, args ...string) (r result) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(proxenos, append([]string{"diff"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	r.code, r.out, r.errors = cmd.ProcessState.ExitCode(), out.String(), errs.String()
	return r
}

// readMoves returns the lines of the files that match a pattern, sorted, and without
// the header of each file.
func readMoves(t *testing.T, pattern, header string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		body, found := strings.CutPrefix(string(text), header)
		require.True(t, found, "%s has no header", file)
		for line := range strings.Lines(body) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// write writes a file in a new directory, and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

const nodes = "web-1 10.0.0.1:80\nweb-2 10.0.0.2:80 w=2\nweb-3 10.0.0.3:80 zone=b\nweb-4 10.0.0.4:80\n"

// writeKeys writes n keys to three files, with weights if asked, and returns a pattern
// for the files and one file with all keys. One key is empty, one ends in a carriage
// return, and one is no UTF-8.
func writeKeys(t *testing.T, n int, weighted bool) (pattern, all string) {
	t.Helper()
	dir := t.TempDir()
	var parts [3]bytes.Buffer
	for i := range n {
		key := fmt.Sprintf("user:%d", i)
		switch i {
		case 1:
			key = ""
		case 2:
			key = "not utf-8: \xff\xfe"
		case 3:
			key = `a "quoted", key`
		}
		if weighted {
			key += fmt.Sprintf("\t%d", i%1000)
		}
		if i == 4 {
			key += "\r"
		}
		fmt.Fprintln(&parts[i%len(parts)], key)
	}
	var whole []byte
	for i := range parts {
		whole = append(whole, parts[i].Bytes()...)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("keys-%d.txt", i)), parts[i].Bytes(), 0o644))
	}
	all = filepath.Join(dir, "all")
	require.NoError(t, os.WriteFile(all, whole, 0o644))
	return filepath.Join(dir, "keys-*.txt"), all
}

// TestFiguresAreThoseOfDiff compares every figure and every key that moves with those
// of proxenos diff: all bytes of -o json and of the text, the exit code and the
// messages of the gates.
func TestFiguresAreThoseOfDiff(t *testing.T) {
	before := write(t, "nodes.txt", nodes)
	pattern, all := writeKeys(t, keyCount(t), false)
	for name, test := range map[string]struct {
		args   []string
		moves  string
		header string
	}{
		"a node joins, lists in CSV": {
			args:  []string{"--add", "web-5=10.0.0.5:80", "--max-moved", "5%", "--no-survivor-moves", "-o", "json"},
			moves: "moves.csv", header: "key,from,from_address,to,to_address\n",
		},
		"another algorithm, lists in JSON": {
			args:  []string{"--remove", "web-1", "--before-algorithm", "ketama", "-a", "envoy-maglev", "--max-excess", "1%"},
			moves: "moves.jsonl",
		},
		"weights and drains, lists of tabs": {
			args:  []string{"--reweight", "web-2=1", "--reweight", "web-3=0", "-a", "ring", "-H", "sha256", "-o", "json", "--max-moved", "90%"},
			moves: "moves",
		},
	} {
		t.Run(name, func(t *testing.T) {
			list := filepath.Join(t.TempDir(), test.moves)
			args := append([]string{"-f", before, "--moves-out", list}, test.args...)
			want := cli(t, append(args, "--keys", all)...)
			require.NotEmpty(t, want.out, want.errors)
			want.moves = readMoves(t, list, test.header)
			got := pipeline(t, append(args, "--keys", pattern, "--shards", "5")...)
			ext := filepath.Ext(list)
			got.moves = readMoves(t, strings.TrimSuffix(list, ext)+"-0000?-of-00005"+ext, test.header)
			assert.Equal(t, want.out, got.out)
			assert.Equal(t, want.code, got.code)
			assert.Equal(t, want.errors, got.errors)
			require.Equal(t, len(want.moves), len(got.moves))
			assert.True(t, slices.Equal(want.moves, got.moves), "the lists of moves differ")
			assert.NotEmpty(t, got.moves)
			t.Logf("%d keys moved, exit code %d", len(got.moves), got.code)
		})
	}
}

// TestREADME runs the command of the README.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, command, found := strings.Cut(string(readme), "\nproxenos-beam diff ")
	require.True(t, found)
	command, _, _ = strings.Cut(command, "\n")
	pattern, all := writeKeys(t, 5000, false)
	t.Chdir(filepath.Dir(pattern))
	require.NoError(t, os.WriteFile("nodes.txt", []byte(nodes), 0o644))
	args := strings.Fields(strings.ReplaceAll(command, "'", ""))
	got := pipeline(t, args...)
	args[slices.Index(args, filepath.Base(pattern))] = all
	assert.Equal(t, cli(t, args...), got)
	assert.Zero(t, got.code, got.errors)
	assert.Contains(t, got.out, "web-5")
}

// TestWeightsAndSamples compares the figures of weighted keys, and of a sample.
func TestWeightsAndSamples(t *testing.T) {
	before := write(t, "nodes.txt", nodes)
	pattern, all := writeKeys(t, 5000, true)
	change := []string{"-f", before, "--add", "web-5", "-o", "json"}
	want := cli(t, append(change, "--keys", all, "--key-weights")...)
	require.Zero(t, want.code, want.errors)
	assert.Equal(t, want, pipeline(t, append(change, "--keys", pattern, "--key-weights")...))

	change = append(change, "--sample", "25001", "--sample-first", "7")
	want = cli(t, change...)
	require.Zero(t, want.code, want.errors)
	assert.Equal(t, want, pipeline(t, change...))
	var view struct{ Keys int }
	require.NoError(t, json.Unmarshal([]byte(want.out), &view))
	assert.Equal(t, 25001, view.Keys)
}

// TestRefusals: a pipeline that cannot be run is refused before it is started, and one
// that fails exits with 74, not with the code of a failed gate.
func TestRefusals(t *testing.T) {
	before := write(t, "nodes.txt", nodes)
	keys := write(t, "keys.txt", "a\tb\n")
	secret := write(t, "key", strings.Repeat("0f", 16))
	change := []string{"-f", before, "--add", "web-5", "--max-moved", "100%"}
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"standard input":     {[]string{"--keys", "-"}, 2, "workers cannot read standard input"},
		"NUL":                {[]string{"--keys", keys, "-0"}, 2, "a pipeline reads lines"},
		"standard output":    {[]string{"--keys", keys, "--moves-out", "-"}, 2, "workers cannot write standard output"},
		"no shards":          {[]string{"--keys", keys, "--shards", "0"}, 2, "--shards 0: must be from 1"},
		"no such keys":       {[]string{"--keys", keys + "*x"}, 74, "no file matches"},
		"unknown scheme":     {[]string{"--keys", "ftp://host/keys"}, 2, "reads local files and gs://"},
		"key of one side":    {[]string{"--keys", keys, "--before-key-file", secret}, 2, "workers get no secret keys"},
		"bad weights":        {[]string{"--keys", keys, "--key-weights"}, 74, "must end in a tab and a weight"},
		"cannot write":       {[]string{"--keys", keys, "--counts", filepath.Join(keys, "counts")}, 74, "the pipeline failed"},
		"unknown flag":       {[]string{"--keyz", keys}, 2, "keyz"},
		"no nodes after":     {[]string{"--keys", keys, "--remove", "web-9"}, 2, "no node has that ID"},
		"slots of a server":  {[]string{"--keys", keys, "-a", "redis-cluster", "--slots", "redis://127.0.0.1:1"}, 64, "redis"},
		"flags of Beam only": {[]string{"--keys", keys, "--", "--runner=dataflow"}, 2, "the runner dataflow needs --counts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { require.NoError(t, flag.Set("runner", "")) })
			got := pipeline(t, append(slices.Clone(change), test.args...)...)
			assert.Equal(t, test.code, got.code, got.errors)
			assert.Contains(t, got.errors, test.want)
			assert.Empty(t, got.out)
		})
	}
}

func TestShardNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"gs://b/moves-00000-of-00002.csv", "gs://b/moves-00001-of-00002.csv"}, shardsOf("gs://b/moves.csv", 2))
	assert.Equal(t, []string{"moves-00000-of-00001"}, shardsOf("moves", 1))
	assert.Empty(t, shardsOf("", 3))
}

func TestWorkerArguments(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]bool{"--worker": true, "-worker=true": true, "--worker=false": false, "--worker_binary=x": false, "diff": false} {
		assert.Equal(t, want, isWorker(arg), arg)
	}
}
