// Command measure runs the store as processes on this machine and prints its
// throughput, latency, key movement and recovery:
//
//	go run ./cmd/proxenos-store/internal/measure
//
// All processes share the processors of the machine, so throughput does not grow
// with the number of nodes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	keys    int
	seconds int
	nodes   []int
	only    string
}

func main() {
	keys := flag.Int("keys", 10_000, "number of keys")
	seconds := flag.Int("seconds", 3, "seconds to measure puts and gets for")
	nodes := flag.String("nodes", "3,5,9,24", "cluster sizes to measure puts and gets with")
	only := flag.String("only", "", "the only figure to measure: throughput, movement, recovery, churn or startup")
	flag.Parse()
	o := options{keys: *keys, seconds: *seconds, only: *only}
	for text := range strings.SplitSeq(*nodes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fail(fmt.Errorf("-nodes %q: want positive numbers such as 3,5", *nodes))
		}
		o.nodes = append(o.nodes, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := o.run(ctx)
	stop()
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "measure:", err)
	os.Exit(1)
}

// run builds the store and takes the measurements.
func (o options) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "proxenos-store")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "proxenos-store")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/proxenos/proxenos/cmd/proxenos-store")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	fmt.Printf("%s, %d processors, %s, 2 replicas in memory, %s\n\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, time.Now().UTC().Format(time.DateOnly))
	found := false
	for _, f := range figures {
		if o.only != "" && o.only != f.name {
			continue
		}
		found = true
		if err := f.measure(ctx, program, o); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if !found {
		return fmt.Errorf("-only %q: want throughput, movement, recovery, churn or startup", o.only)
	}
	return nil
}
