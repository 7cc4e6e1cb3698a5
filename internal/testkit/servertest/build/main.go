// Command build builds the programs of servers for tests, unless they exist, and
// prints their paths. Building takes minutes. Concurrent runs build each once.
//
// Arguments are names of programs: consul, kube-apiserver. Without any it builds
// all of them.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
)

func main() {
	for _, p := range []servertest.Program{servertest.ConsulProgram, servertest.APIServerProgram} {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], p.Name) {
			continue
		}
		path, err := ensure(p)
		if err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n", p.Name, err)
			os.Exit(1)
		}
		fmt.Println(path)
	}
}

// ensure builds the program if necessary and returns its path.
func ensure(p servertest.Program) (string, error) {
	path, err := p.Build.Path()
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
	if p.Runs(path) == nil {
		return path, nil
	}
	return path, build(p, path)
}

// build compiles into a temporary file and renames it, so that tests never see a
// partially written program.
func build(p servertest.Program, path string) error {
	version, err := p.Build.Version()
	if err != nil {
		return err
	}
	logf("building %s %s for tests into %s", p.Name, version, path)
	logf("(once; %s)", p.Build.Cost)
	start := time.Now()
	partial := path + ".partial"
	defer os.Remove(partial) //nolint:errcheck // fails if the file was renamed
	stop := tick(p.Name, start)
	err = compile(p.Build, version, partial)
	stop()
	if err != nil {
		return err
	}
	if err := p.Runs(partial); err != nil {
		return err
	}
	logf("built %s in %v", p.Name, time.Since(start).Round(time.Second))
	return os.Rename(partial, path)
}

// compile builds the program without debug information, which is a third of its
// size.
func compile(b *servertest.Build, version, output string) error {
	dir, err := b.ModuleDir()
	if err != nil {
		return err
	}
	flags := "-ldflags=-s -w"
	if b.VersionFlag != "" {
		flags += " -X " + b.VersionFlag + "=" + version
	}
	cmd := exec.Command("go", "build", flags, "-o", output, b.Package) //nolint:gosec // one of the builds above
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build in %s: %w", dir, err)
	}
	return nil
}

// tick logs every half minute that the build is running, until stop is called.
func tick(name string, start time.Time) (stop func()) {
	ticker, done, gone := time.NewTicker(30*time.Second), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-ticker.C:
				logf("still building %s after %v", name, time.Since(start).Round(time.Second))
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-gone }
}

func logf(format string, args ...any) { fmt.Fprintf(os.Stderr, "build: "+format+"\n", args...) }
