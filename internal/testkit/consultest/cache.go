package consultest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// BuildCommand builds the Consul program for [Binary]. It works in any directory
// of the main module.
const BuildCommand = "go run github.com/proxenos/proxenos/internal/testkit/consultest/build"

const (
	mainModule   = "github.com/proxenos/proxenos"
	serverModule = "github.com/hashicorp/consul"
)

// Cached returns the path of the built program of a version, in the user's cache
// directory.
func Cached(version string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory for the consul program: %w", err)
	}
	name := fmt.Sprintf("consul-%s-%s-%s", version, runtime.GOOS, runtime.GOARCH)
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, "proxenos", name), nil
}

// ServerDir returns the directory of the nested module that requires Consul. It
// finds the main module from the working directory upwards.
func ServerDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if isMainModule(filepath.Join(dir, "go.mod")) {
			return filepath.Join(dir, "internal", "testkit", "consultest", "server"), nil
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

// Version returns the version of Consul that the nested module requires.
func Version(serverDir string) (string, error) {
	file := filepath.Join(serverDir, "go.mod")
	version, err := directive(file, "require "+serverModule)
	if err != nil {
		return "", fmt.Errorf("finding the version of consul: %w", err)
	}
	return version, nil
}

// directive returns the rest of the first line that begins with a directive.
func directive(file, name string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // the file is only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strings.TrimSpace(rest), nil
		}
	}
	return "", fmt.Errorf("%s has no line %q", file, name)
}
