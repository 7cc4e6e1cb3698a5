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

// Environment of the tests.
const (
	// EnvBinary names the program to test with; naming one that does not run
	// fails the test.
	EnvBinary = "PROXENOS_TEST_CONSUL"
	// EnvRequire set to 1 makes a missing program a failure; otherwise the
	// test is skipped.
	EnvRequire = "PROXENOS_REQUIRE_CONSUL"
)

// errMissing says that there is no program at any of the places.
var errMissing = errors.New("no consul program: build it once with `" + BuildCommand + "`, or set " + EnvBinary)

// Binary returns the path of a Consul program that runs: the one that
// EnvBinary names, else consul in PATH, else the one that BuildCommand built.
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

// locate looks at the places in their order.
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

// runs reports what is wrong with a program. It asks each program once, as
// loading 180 MB takes a while.
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

// Runs reports what is wrong with a Consul program, by asking its version.
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
