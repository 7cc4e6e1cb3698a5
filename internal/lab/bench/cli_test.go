package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cliLines returns the number of keys that the programs read, as of seq 10000000.
func cliLines() int {
	if testing.Short() {
		return 1_000_000
	}
	return 10_000_000
}

// BenchmarkCLI runs the program from a file to the null device, and the echo
// program for comparison. They take turns, so that a slow phase of the machine
// affects both. It reports the cost of a line in the median turn.
func BenchmarkCLI(b *testing.B) {
	turns, lines := 5, cliLines()
	if testing.Short() {
		turns = 1
	}
	dir := b.TempDir()
	install(b, filepath.Join("..", "..", ".."), dir, "./cmd/proxenos")
	install(b, ".", dir, "./echo")
	input := filepath.Join(dir, "keys.txt")
	require.NoError(b, os.WriteFile(input, seq(lines), 0o600))
	nodes := nodesFile(b, dir, 10)
	commands := []struct {
		by, line string
		took     []float64
	}{
		{by: "proxenos", line: "proxenos select -f " + nodes + " -"},
		{by: "proxenos-table", line: "proxenos select -a table -f " + nodes + " -"},
		{by: "proxenos-ring", line: "proxenos select -a ring -f " + nodes + " -"},
		{by: "proxenos-jsonl", line: "proxenos select -o jsonl -f " + nodes + " -"},
		{by: "proxenos-csv", line: "proxenos select -o csv -f " + nodes + " -"},
		{by: "diff-sample", line: fmt.Sprintf("proxenos diff --before %s --add 10.9.9.9:8080 --sample %d", nodes, lines)},
		{by: "diff-file", line: "proxenos diff --before " + nodes + " --add 10.9.9.9:8080 --keys -"},
		{by: "echo", line: "echo"},
		{by: "echo-all-cores", line: "echo -all"},
	}
	for range turns {
		for i := range commands {
			c := &commands[i]
			start := time.Now()
			filter(b, filepath.Join(dir, c.line), input)
			c.took = append(c.took, float64(time.Since(start).Nanoseconds())/float64(lines))
		}
	}
	for _, c := range commands {
		b.Run("nodes=10/by="+c.by, func(b *testing.B) { b.ReportMetric(summarize(c.took).Median, "ns/op") })
	}
}

// install builds a program of a module into a directory.
func install(b *testing.B, module, dir, pkg string) {
	b.Helper()
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", dir+string(filepath.Separator), pkg)
	cmd.Dir = module
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
}

// seq returns the output of the program seq.
func seq(n int) (text []byte) {
	for i := range n {
		text = append(strconv.AppendInt(text, int64(i+1), 10), '\n')
	}
	return text
}

func nodesFile(b *testing.B, dir string, n int) string {
	b.Helper()
	var text bytes.Buffer
	for _, node := range makeNodes(n) {
		fmt.Fprintln(&text, node)
	}
	path := filepath.Join(dir, "nodes.txt")
	require.NoError(b, os.WriteFile(path, text.Bytes(), 0o600))
	return path
}

// filter runs a command with its input from a file and discards its output.
func filter(b *testing.B, command, input string) {
	b.Helper()
	in, err := os.Open(input)
	require.NoError(b, err)
	defer func() { require.NoError(b, in.Close()) }()
	var stderr bytes.Buffer
	cmd := exec.Command("sh", "-c", "exec "+command)
	cmd.Stdin, cmd.Stderr = in, &stderr
	require.NoError(b, cmd.Run(), "%s", stderr.Bytes())
}
