// Command measure runs the store as real processes on this machine and prints
// what it can do, each figure beside what it is of:
//
//	go run ./cmd/proxenos-store/internal/measure
//
// All processes share the machine's processors, so more nodes do not mean more
// throughput here: the figures tell what a node costs, not what a rack yields.
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

// options are what the flags say.
type options struct {
	keys    int
	seconds int
	nodes   []int
	only    string
}

func main() {
	keys := flag.Int("keys", 10_000, "keys to fill the store with")
	seconds := flag.Int("seconds", 3, "how long to put and to get")
	nodes := flag.String("nodes", "3,5,9,24", "numbers of nodes to measure puts and gets with")
	only := flag.String("only", "", "the one figure to measure: throughput, movement, recovery, commotion or crowd")
	flag.Parse()
	o := options{keys: *keys, seconds: *seconds, only: *only}
	for text := range strings.SplitSeq(*nodes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fail(fmt.Errorf("-nodes %q: want numbers like 3,5", *nodes))
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

// run builds the store and measures one thing after the other.
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
		return fmt.Errorf("-only %q: choose from throughput, movement, recovery, commotion, crowd", o.only)
	}
	return nil
}
