package servertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// EnvRequire set to 1 makes a missing program fail a test instead of skipping
// it.
const EnvRequire = "PROXENOS_REQUIRE_SERVERS"

// Program is the program of a server.
type Program struct {
	Name string // the name of the file
	// Env is the environment variable with the path of the program. If that does
	// not run, the test fails.
	Env string
	// VersionArgs make the program print its version, which begins with
	// VersionPrefix.
	VersionArgs   []string
	VersionPrefix string
	// Build describes how to build the program. Nil means that a Debian package
	// has it.
	Build *Build
	// Package is the Debian package that has the program.
	Package string
}

// Programs of servers.
var (
	EtcdProgram = Program{
		Name: "etcd", Env: "PROXENOS_TEST_ETCD", Package: "etcd-server",
		VersionArgs: []string{"--version"}, VersionPrefix: "etcd Version: ",
	}
	APIServerProgram = Program{
		Name: "kube-apiserver", Env: "PROXENOS_TEST_KUBE_APISERVER", Build: &APIServerBuild,
		VersionArgs: []string{"--version"}, VersionPrefix: "Kubernetes v",
	}
	ConsulProgram = Program{
		Name: "consul", Env: "PROXENOS_TEST_CONSUL", Build: &ConsulBuild,
		VersionArgs: []string{"version"}, VersionPrefix: "Consul v",
	}
)

// errMissing reports that no program was found.
var errMissing = errors.New("no program")

// Path returns the path of a program that runs: the one named by Env, else the
// one in PATH or a directory for servers, else the one that [Build] made. If
// there is none, the test is skipped, or fails under [EnvRequire].
func (p Program) Path(tb testing.TB) string {
	tb.Helper()
	path, err := p.locate()
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
func (p Program) locate() (string, error) {
	if path := os.Getenv(p.Env); path != "" {
		if err := p.runs(path); err != nil {
			return "", fmt.Errorf("%s: %w", p.Env, err)
		}
		return path, nil
	}
	if path := p.installed(); path != "" {
		return path, p.runs(path)
	}
	if p.Build == nil {
		return "", fmt.Errorf("%w %s: install the Debian package %s, or set %s", errMissing, p.Name, p.Package, p.Env)
	}
	path, err := p.Build.Path()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w %s: build it once with `%s`, or set %s", errMissing, p.Name, BuildCommand, p.Env)
	}
	return path, p.runs(path)
}

// installed returns the program in PATH, or in one of the directories where
// packages install servers, which the PATH of a user may lack.
func (p Program) installed() string {
	if path, err := exec.LookPath(p.Name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, p.Name)); err == nil {
			return path
		}
	}
	return ""
}

var (
	tried   = map[string]error{}
	triedMu sync.Mutex
)

// runs is Runs with its results cached, because loading a large program takes a
// while.
func (p Program) runs(path string) error {
	triedMu.Lock()
	defer triedMu.Unlock()
	err, ok := tried[path]
	if !ok {
		err = p.Runs(path)
		tried[path] = err
	}
	return err
}

// Runs returns an error if path is not a program that prints the version.
func (p Program) Runs(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, p.VersionArgs...).CombinedOutput() //nolint:gosec // a test's own program
	if err != nil {
		return fmt.Errorf("%q does not run: %w", path, err)
	}
	if !strings.HasPrefix(string(out), p.VersionPrefix) {
		return fmt.Errorf("%q is not %s: its version is %.40q", path, p.Name, out)
	}
	return nil
}
