// Command build builds the Consul program for tests, unless it exists, and
// prints its path. Building takes minutes. Concurrent runs build it once.
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

// ensure builds the program if necessary and returns its path.
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

// build compiles into a temporary file and renames it, so that tests never see a
// partially written program.
func build(dir, version, path string) error {
	logf("building consul %s for tests into %s", version, path)
	logf("(once; 3 to 6 minutes on two cores, and 2 GB in the Go build cache)")
	start := time.Now()
	partial := path + ".partial"
	defer os.Remove(partial) //nolint:errcheck // fails if the file was renamed
	stop := tick(start)
	err := compile(dir, partial)
	stop()
	if err != nil {
		return err
	}
	if err := consultest.Runs(partial); err != nil {
		return err
	}
	logf("built in %v", time.Since(start).Round(time.Second))
	return os.Rename(partial, path)
}

// compile builds the program without debug information, which is a third of its
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

// tick logs every half minute that the build is running, until stop is called.
func tick(start time.Time) (stop func()) {
	ticker, done, gone := time.NewTicker(30*time.Second), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-ticker.C:
				logf("still building after %v", time.Since(start).Round(time.Second))
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-gone }
}

func logf(format string, args ...any) { fmt.Fprintf(os.Stderr, "consul: "+format+"\n", args...) }
