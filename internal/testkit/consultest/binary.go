package consultest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Environment variables of the tests.
const (
	// EnvBinary is the path of the Consul program. If it does not run, the test
	// fails.
	EnvBinary = "PROXENOS_TEST_CONSUL"
	// EnvRequire set to 1 makes a missing program fail the test instead of
	// skipping it.
	EnvRequire = "PROXENOS_REQUIRE_CONSUL"
)

// errMissing reports that no Consul program was found.
var errMissing = errors.New("no consul program: build it once with `" + BuildCommand + "`, or set " + EnvBinary)

// Binary returns the path of a Consul program that runs: the one named by
// EnvBinary, else consul in PATH, else the one built by BuildCommand.
func Binary(tb testing.TB) string {
	tb.Helper()
	path, err := locate()
	switch {
	case err == nil:
		return path
	case errors.Is(err, errMissing) && os.Getenv(EnvRequire) != "1":
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
	return ""
}

// locate returns the program of the first location that has one.
func locate() (string, error) {
	if path := os.Getenv(EnvBinary); path != "" {
		if err := runs(path); err != nil {
			return "", fmt.Errorf("%s: %w", EnvBinary, err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("consul"); err == nil {
		return path, runs(path)
	}
	dir, err := ServerDir()
	if err != nil {
		return "", err
	}
	version, err := Version(dir)
	if err != nil {
		return "", err
	}
	path, err := Cached(version)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", errMissing
	}
	return path, runs(path)
}

var (
	tried   = map[string]error{}
	triedMu sync.Mutex
)

// runs is Runs with its results cached, because loading 180 MB takes a while.
func runs(path string) error {
	triedMu.Lock()
	defer triedMu.Unlock()
	err, ok := tried[path]
	if !ok {
		err = Runs(path)
		tried[path] = err
	}
	return err
}

// Runs returns an error if path is not a Consul program that prints its version.
func Runs(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return fmt.Errorf("%q does not run: %w", path, err)
	}
	if !strings.HasPrefix(string(out), "Consul v") {
		return fmt.Errorf("%q is not consul: its version is %.40q", path, out)
	}
	return nil
}
