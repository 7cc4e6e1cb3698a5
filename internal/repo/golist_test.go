package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is the path of the main module.
const module = "github.com/proxenos/proxenos"

// root is the top of the repository, seen from this package.
var root = func() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}()

// pkg is the part of `go list -json` that the tests use.
type pkg struct {
	ImportPath string
	Dir        string
	Name       string
	GoFiles    []string
	Imports    []string
	Standard   bool
	Module     *struct{ Path string }
}

// deps lists the packages that p links, itself included.
func (p pkg) deps() ([]pkg, error) {
	if p.Module.Path == module {
		return goList("-deps", p.ImportPath)
	}
	return goListIn(workspace, "-deps", p.ImportPath)
}

// room returns the import path relative to the module, or "" for a package of
// another module.
func (p pkg) room() string { return roomOf(p.ImportPath) }

func roomOf(importPath string) string {
	room, ours := strings.CutPrefix(importPath, module+"/")
	if !ours {
		return ""
	}
	return room
}

// workspace is the path of the workspace in which the nested modules of worked build.
var workspace = filepath.Join(root, ".ci", "go.work")

// packages lists the packages of the module, and those of the nested modules that
// users import or install.
var packages = sync.OnceValues(func() ([]pkg, error) {
	list, err := goList("./...")
	if err != nil {
		return nil, err
	}
	for _, dir := range worked {
		nested, err := goListIn(workspace, "./"+dir+"/...")
		if err != nil {
			return nil, err
		}
		list = append(list, nested...)
	}
	return list, nil
})

// goList runs `go list -json` at the root of the repository.
func goList(args ...string) ([]pkg, error) { return goListIn("off", args...) }

// goListIn is goList in a workspace.
func goListIn(workspace string, args ...string) ([]pkg, error) {
	args = append([]string{"GOWORK=" + workspace, "go", "list", "-json=ImportPath,Dir,Name,GoFiles,Imports,Standard,Module"}, args...)
	out, err := run(root, "env", args...)
	if err != nil {
		return nil, err
	}
	var list []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
}

func ourPackages(t *testing.T) []pkg {
	t.Helper()
	list, err := packages()
	require.NoError(t, err)
	require.Greater(t, len(list), 5, "go list found hardly any packages")
	return list
}

// run returns the standard output of a command; its error includes standard
// error.
func run(dir, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, errors.Join(err, errors.New(string(exit.Stderr)))
	}
	return out, err
}
