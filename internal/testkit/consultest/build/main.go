// Command build builds the Consul program that the tests run, unless it is
// there already, and prints its path. It takes minutes the first time; two
// runs at once build it once.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
)

func main() {
	path, err := ensure()
	if err != nil {
		fmt.Fprintln(os.Stderr, "build consul:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

// ensure returns the path of the program once it is there and runs.
func ensure() (string, error) {
	dir, err := consultest.ServerDir()
	if err != nil {
		return "", err
	}
	version, err := consultest.Version(dir)
	if err != nil {
		return "", err
	}
	path, err := consultest.Cached(version)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	unlock, err := lockedfile.MutexAt(path + ".lock").Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if consultest.Runs(path) == nil {
		return path, nil
	}
	return path, build(dir, version, path)
}

// build compiles beside the path and renames, so that no test ever finds a
// half-written program.
func build(dir, version, path string) error {
	say("building consul %s for the tests into %s", version, path)
	say("(once; 3 to 6 minutes on two cores, and 2 GB of the Go build cache)")
	start := time.Now()
	partial := path + ".partial"
	defer os.Remove(partial) //nolint:errcheck // it is gone once it was renamed
	stop := tick(start)
	err := compile(dir, partial)
	stop()
	if err != nil {
		return err
	}
	if err := consultest.Runs(partial); err != nil {
		return err
	}
	say("built in %v", time.Since(start).Round(time.Second))
	return os.Rename(partial, path)
}

// compile leaves out the symbols that only a debugger needs: a third of the
// size.
func compile(dir, output string) error {
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", output, "github.com/hashicorp/consul")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build in %s: %w", dir, err)
	}
	return nil
}

// tick says every half minute that the work goes on, until it is stopped.
func tick(start time.Time) (stop func()) {
	ticker, done, gone := time.NewTicker(30*time.Second), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-ticker.C:
				say("still building after %v", time.Since(start).Round(time.Second))
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-gone }
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "consul: "+format+"\n", args...) }
