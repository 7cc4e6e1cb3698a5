package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// cliLines is how many keys the programs read: seq 10000000.
const cliLines = 10_000_000

// BenchmarkCLI runs the program as a user would, from a file to nowhere, beside
// a bare echo that does the same. It reports what one line costs.
func BenchmarkCLI(b *testing.B) {
	dir := b.TempDir()
	install(b, filepath.Join("..", ".."), dir, "./cmd/proxenos")
	install(b, ".", dir, "./echo")
	input := filepath.Join(dir, "keys.txt")
	require.NoError(b, os.WriteFile(input, seq(cliLines), 0o600))
	for _, c := range []struct{ by, command string }{
		{"proxenos", "proxenos select -f " + nodesFile(b, dir, 10) + " -"},
		{"proxenos-table", "proxenos select -a table -f " + nodesFile(b, dir, 10) + " -"},
		{"echo", "echo"},
	} {
		b.Run("nodes=10/by="+c.by, func(b *testing.B) {
			for b.Loop() {
				filter(b, filepath.Join(dir, c.command), input)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cliLines, "ns/op")
		})
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
