package servertest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// BuildCommand builds the programs that [Program.Path] finds. It works in any
// directory of the main module.
const BuildCommand = "go run github.com/proxenos/proxenos/internal/testkit/servertest/build"

// Build says how to build the program of a server.
type Build struct {
	Name    string // the name of the program
	Dir     string // the nested module that requires it, below this package
	Module  string // the module of the server
	Package string // its main package
	Cost    string // the time and space that building takes
	// VersionFlag is the variable that the linker sets to the version. Empty means
	// that the program knows its version.
	VersionFlag string
}

// Builds of servers.
var (
	ConsulBuild = Build{
		Name: "consul", Dir: "consul", Module: "github.com/hashicorp/consul", Package: "github.com/hashicorp/consul",
		Cost: "3 to 6 minutes on two cores, and 2 GB in the Go build cache",
	}
	APIServerBuild = Build{
		Name: "kube-apiserver", Dir: "apiserver", Module: "k8s.io/kubernetes", Package: "k8s.io/kubernetes/cmd/kube-apiserver",
		Cost: "6 to 8 minutes on two cores, and 2 GB in the Go build cache", VersionFlag: "k8s.io/component-base/version.gitVersion",
	}
)

const mainModule = "github.com/proxenos/proxenos"

// Path returns the path of the built program in the user's cache directory.
func (b *Build) Path() (string, error) {
	version, err := b.Version()
	if err != nil {
		return "", err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory for the program %s: %w", b.Name, err)
	}
	name := fmt.Sprintf("%s-%s-%s-%s", b.Name, version, runtime.GOOS, runtime.GOARCH)
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, "proxenos", name), nil
}

// Version returns the version that the nested module requires.
func (b *Build) Version() (string, error) {
	dir, err := b.ModuleDir()
	if err != nil {
		return "", err
	}
	version, err := directive(filepath.Join(dir, "go.mod"), "require "+b.Module)
	if err != nil {
		return "", fmt.Errorf("finding the version of %s: %w", b.Name, err)
	}
	return version, nil
}

// ModuleDir returns the directory of the nested module. It finds the main module
// from the working directory upwards.
func (b *Build) ModuleDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if isMainModule(filepath.Join(dir, "go.mod")) {
			return filepath.Join(dir, "internal", "testkit", "servertest", b.Dir), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory is not inside " + mainModule)
		}
		dir = parent
	}
}

func isMainModule(file string) bool {
	module, err := directive(file, "module")
	return err == nil && module == mainModule
}

// directive returns the rest of the first line that begins with a directive,
// without the comment.
func directive(file, name string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // the file is only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			rest, _, _ = strings.Cut(rest, " //")
			return strings.TrimSpace(rest), nil
		}
	}
	return "", fmt.Errorf("%s has no line %q", file, name)
}
