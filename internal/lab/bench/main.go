// Command bench measures us and our peers on the same work, in one run on one
// machine, and writes README.md with what it found.
//
//	go run .                     five passes, about eight minutes
//	go run . -passes 1 -o -      a quick look, on standard output
//
// The benchmarks are in the tests of this package. All of them run once in each
// pass, so that the two sides of a ratio are never far apart in time; a ratio
// is the median over the passes.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// options are the flags of the command.
type options struct {
	Passes    int
	Benchtime time.Duration
	output    string
}

func main() {
	var o options
	flag.IntVar(&o.Passes, "passes", 5, "how often to run every benchmark")
	flag.DurationVar(&o.Benchtime, "benchtime", 100*time.Millisecond, "how long to run each, each time")
	flag.StringVar(&o.output, "o", "README.md", "write the report to this file; - is standard output")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system cleans up after us
	raw := filepath.Join(dir, "results.txt")
	load := loadAverage()
	if err := measure(o, filepath.Join(dir, "bench.test"), raw); err != nil {
		return err
	}
	text, err := os.ReadFile(raw)
	if err != nil {
		return err
	}
	found, err := parse(bytes.NewReader(text))
	if err != nil {
		return err
	}
	tables, err := output("go", "-C", filepath.Join("..", "..", "tools"), "tool", "benchstat", "-row", ".name,/nodes,/by", "-col", ".file", "median="+raw)
	if err != nil {
		return err
	}
	version, err := output("go", "version")
	if err != nil {
		return err
	}
	return write(o.output, report{options: o, found: found, Benchstat: tables, GoVersion: version, Load: load})
}

// measure appends the results of every pass to a file.
func measure(o options, binary, raw string) error {
	if _, err := output("go", "test", "-c", "-o", binary, "."); err != nil {
		return err
	}
	file, err := os.Create(raw)
	if err != nil {
		return err
	}
	for pass := range o.Passes {
		fmt.Fprintf(os.Stderr, "pass %d of %d\n", pass+1, o.Passes)
		cmd := exec.Command(binary, "-test.bench=.", "-test.run=^$", "-test.timeout=1h", "-test.benchtime="+o.Benchtime.String())
		cmd.Stdout, cmd.Stderr = io.MultiWriter(file, os.Stderr), os.Stderr
		if err := cmd.Run(); err != nil {
			return err
		}
	}
	return file.Close()
}

// loadAverage says how busy the machine was in the last minute, if the system
// tells: what else runs takes a processor away from whatever wants two.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// output returns what a command prints.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strconv.Quote(cmd.String()), err, said.Bytes())
	}
	return string(bytes.TrimSpace(out)), nil
}
