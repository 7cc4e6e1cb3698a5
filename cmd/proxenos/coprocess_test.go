//go:build unix

package main

import (
	"bufio"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// example returns the indented lines after the first line that begins with a title
// in a help topic, up to the next line that is not indented.
func example(t *testing.T, topic, title string) string {
	t.Helper()
	text := runIn(t, ".", "", "proxenos", "help", topic) // as printed, where long lines are broken
	_, after, found := strings.Cut(text, "\n\n"+title)
	require.True(t, found, "topic %s has no example for %q", topic, title)
	var code strings.Builder
	for line := range strings.Lines(after) {
		indented, ok := strings.CutPrefix(line, "  ")
		switch {
		case ok:
			code.WriteString(indented)
		case line == "\n":
			code.WriteString(line)
		case strings.TrimSpace(code.String()) != "":
			return code.String()
		}
	}
	require.NotEmpty(t, strings.TrimSpace(code.String()))
	return code.String()
}

// requireProgram skips the test if a program is missing.
func requireProgram(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
}

// examplesFolder returns a folder with nodes.txt and keys.txt, and the node of each
// key.
func examplesFolder(t *testing.T) (folder string, owners map[string]string) {
	t.Helper()
	folder = t.TempDir()
	keys := []string{"user:1", "user:2", "user:3", `a\b`}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "nodes.txt"), []byte("a\nb\nc\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "keys.txt"), []byte(strings.Join(keys, "\n")+"\n"), 0o600))
	owners = map[string]string{}
	for _, key := range keys {
		owners[key] = strings.TrimSpace(runIn(t, folder, "", "proxenos", "select", "-f", "nodes.txt", key))
	}
	return folder, owners
}

// runIn runs a command in a folder and returns its output.
func runIn(t *testing.T, folder, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = folder, strings.NewReader(stdin), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

func TestCoprocessInClickHouse(t *testing.T) {
	t.Parallel()
	folder, owners := examplesFolder(t)
	var config struct {
		Function struct {
			Format  string `xml:"format"`
			Command string `xml:"command"`
		} `xml:"function"`
	}
	require.NoError(t, xml.Unmarshal([]byte(example(t, "coprocess", "ClickHouse")), &config))
	assert.Equal(t, "TabSeparatedRaw", config.Function.Format)
	// ClickHouse runs the command in a shell and keeps its pipes open.
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(config.Function.Command, "\n", " "))
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	keys, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	answers := bufio.NewReader(out)
	for key, owner := range owners { // a block of rows may have one row
		_, err := io.WriteString(keys, key+"\n")
		require.NoError(t, err)
		answer, err := answers.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, owner+"\n", answer, key)
	}
	require.NoError(t, keys.Close())
	require.NoError(t, cmd.Wait())
}

func TestCoprocessInPHP(t *testing.T) {
	t.Parallel()
	requireProgram(t, "php")
	folder, owners := examplesFolder(t)
	for key, owner := range owners {
		script := example(t, "coprocess", "PHP") + "echo owner($argv[1]), owner($argv[1]);"
		assert.Equal(t, owner+owner, runIn(t, folder, "", "php", "-r", script, key), key)
	}
}

func TestCoprocessInAwk(t *testing.T) {
	t.Parallel()
	folder, owners := examplesFolder(t)
	counts := map[string]int{}
	for _, owner := range owners {
		counts[owner]++
	}
	out := runIn(t, folder, "", "sh", "-c", example(t, "coprocess", "awk"))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, len(counts))
	for _, line := range lines {
		node, count, _ := strings.Cut(line, " ")
		assert.Equal(t, strconv.Itoa(counts[node]), count, node)
	}
}

func TestCoprocessInHadoop(t *testing.T) {
	t.Parallel()
	folder, owners := examplesFolder(t)
	out := runIn(t, folder, "user:1\nuser:2\n", "sh", "-c", example(t, "coprocess", "Hadoop"))
	assert.Equal(t, owners["user:1"]+"\tuser:1\n"+owners["user:2"]+"\tuser:2\n", out)
}

// sparkPipe does what RDD.pipe of Spark does with one partition: it splits the
// command, writes an element per line, and reads an element per line.
const sparkPipe = `
import shlex, subprocess
class RDD(list):
    def pipe(self, command):
        done = subprocess.run(shlex.split(command), input="".join(k + "\n" for k in self), capture_output=True, text=True, check=True)
        return RDD(done.stdout.splitlines())
    def map(self, f):
        return RDD(map(f, self))
keys = RDD(["user:1", "user:2"])
`

func TestCoprocessInSpark(t *testing.T) {
	t.Parallel()
	requireProgram(t, "python3")
	folder, owners := examplesFolder(t)
	script := sparkPipe + example(t, "coprocess", "Spark") + "print(owners)\n"
	out := runIn(t, folder, "", "python3", "-c", script)
	assert.Equal(t, "[['user:1', '"+owners["user:1"]+"'], ['user:2', '"+owners["user:2"]+"']]\n", out)
}
