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

// cliLines is how many keys the programs read: seq 10000000.
const cliLines = 10_000_000

// BenchmarkCLI runs the program as a user would, from a file to nowhere, beside
// a bare echo that does the same. They take turns, so that a machine that slows
// down does so for all. It reports what one line costs in the median turn.
func BenchmarkCLI(b *testing.B) {
	turns := 5
	if testing.Short() {
		turns = 1
	}
	dir := b.TempDir()
	install(b, filepath.Join("..", "..", ".."), dir, "./cmd/proxenos")
	install(b, ".", dir, "./echo")
	input := filepath.Join(dir, "keys.txt")
	require.NoError(b, os.WriteFile(input, seq(cliLines), 0o600))
	commands := []struct {
		by, line string
		took     []float64
	}{
		{by: "proxenos", line: "proxenos select -f " + nodesFile(b, dir, 10) + " -"},
		{by: "proxenos-table", line: "proxenos select -a table -f " + nodesFile(b, dir, 10) + " -"},
		{by: "echo", line: "echo"},
	}
	for range turns {
		for i := range commands {
			c := &commands[i]
			start := time.Now()
			filter(b, filepath.Join(dir, c.line), input)
			c.took = append(c.took, float64(time.Since(start).Nanoseconds())/cliLines)
		}
	}
	for _, c := range commands {
		b.Run("nodes=10/by="+c.by, func(b *testing.B) { b.ReportMetric(summarise(c.took).Median, "ns/op") })
	}
}

// install builds one program of a module into a directory.
func install(b *testing.B, module, dir, pkg string) {
	b.Helper()
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", dir+string(filepath.Separator), pkg)
	cmd.Dir = module
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
}

// seq is what the program of that name prints.
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

// filter runs a command from a file to nowhere.
func filter(b *testing.B, command, input string) {
	b.Helper()
	in, err := os.Open(input)
	require.NoError(b, err)
	defer func() { require.NoError(b, in.Close()) }()
	var said bytes.Buffer
	cmd := exec.Command("sh", "-c", "exec "+command)
	cmd.Stdin, cmd.Stderr = in, &said
	require.NoError(b, cmd.Run(), "%s", said.Bytes())
}
