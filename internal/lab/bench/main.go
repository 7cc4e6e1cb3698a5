// Command bench measures proxenos and similar libraries on the same work and
// machine, and writes the results to README.md.
//
//	go run .                     five passes, about eight minutes
//	go run . -passes 1 -o -      one pass, to standard output
//
// The benchmarks are in the tests of this package. Each pass runs every benchmark
// once, so that the two sides of a ratio are measured close together in time. A
// ratio is the median of the passes.
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
	flag.IntVar(&o.Passes, "passes", 5, "the number of runs of every benchmark")
	flag.DurationVar(&o.Benchtime, "benchtime", 100*time.Millisecond, "the time per run of a benchmark")
	flag.StringVar(&o.output, "o", "README.md", "the file to write the report to; - is standard output")
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
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
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
	tables, err := goOutput("-C", filepath.Join("..", "..", "tools"), "tool", "benchstat", "-row", ".name,/nodes,/by", "-col", ".file", "median="+raw)
	if err != nil {
		return err
	}
	version, err := goOutput("version")
	if err != nil {
		return err
	}
	return write(o.output, report{options: o, found: found, Benchstat: tables, GoVersion: version, Load: load})
}

// measure appends the results of every pass to a file.
func measure(o options, binary, raw string) error {
	if _, err := goOutput("test", "-c", "-o", binary, "."); err != nil {
		return err
	}
	if _, err := goOutput("test", "-c", "-tags=purego", "-o", binary+portable, "."); err != nil {
		return err
	}
	file, err := os.Create(raw)
	if err != nil {
		return err
	}
	for pass := range o.Passes {
		fmt.Fprintf(os.Stderr, "pass %d of %d\n", pass+1, o.Passes)
		for _, c := range []struct{ binary, bench, variant, godebug string }{
			{binary, ".", "", ""},
			{binary, ofMany, avx2, "cpu.avx512f=off"},
			{binary + portable, ofMany, portable, ""},
		} {
			cmd := exec.Command(c.binary, "-test.bench="+c.bench, "-test.run=^$", "-test.timeout=1h", "-test.benchtime="+o.Benchtime.String())
			cmd.Env = append(os.Environ(), variant+"="+c.variant, "GODEBUG="+c.godebug)
			cmd.Stdout, cmd.Stderr = io.MultiWriter(file, os.Stderr), os.Stderr
			if err := cmd.Run(); err != nil {
				return err
			}
		}
	}
	return file.Close()
}

// loadAverage returns the load average of the last minute, or "" if the system
// has none. Other load distorts measurements that use two processors.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// goOutput returns the standard output of the go command.
func goOutput(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strconv.Quote(cmd.String()), err, stderr.Bytes())
	}
	return string(bytes.TrimSpace(out)), nil
}
