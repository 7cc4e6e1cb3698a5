// Package vectors reads the golden vectors under testdata, in the format that
// testdata/README.md describes. A test that finds no vectors fails.
package vectors

import (
	"os"
	"path/filepath"
	"testing"
)

// Run runs f as one subtest for every file under testdata that matches the
// pattern, which is one of path/filepath.Match with forward slashes.
func Run(t *testing.T, pattern string, f func(t *testing.T, file *File)) {
	t.Helper()
	root, paths := match(t, pattern)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) { f(t, open(t, root, path)) })
	}
}

// Glob returns every file under testdata that matches the pattern, in order of
// name. Their methods fail tb; in a subtest use Run.
func Glob(tb testing.TB, pattern string) []*File {
	tb.Helper()
	root, paths := match(tb, pattern)
	files := make([]*File, len(paths))
	for i, path := range paths {
		files[i] = open(tb, root, path)
	}
	return files
}

// Open returns one file under testdata.
func Open(tb testing.TB, path string) *File {
	tb.Helper()
	return open(tb, testdata(tb), path)
}

func open(tb testing.TB, root, path string) *File {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		tb.Fatalf("vectors: %v", err)
	}
	file, err := parse("testdata/"+path, string(data))
	if err != nil {
		tb.Fatalf("vectors: %v", err)
	}
	file.tb = tb
	return file
}

// match returns the files that match, relative to testdata and with forward
// slashes, and fails if there are none.
func match(tb testing.TB, pattern string) (root string, paths []string) {
	tb.Helper()
	root = testdata(tb)
	found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	if err != nil {
		tb.Fatalf("vectors: pattern %q: %v", pattern, err)
	}
	if len(found) == 0 {
		tb.Fatalf("vectors: no file matches testdata/%s", pattern)
	}
	for _, name := range found {
		path, err := filepath.Rel(root, name)
		if err != nil {
			tb.Fatalf("vectors: %v", err)
		}
		paths = append(paths, filepath.ToSlash(path))
	}
	return root, paths
}

// testdata finds the folder of that name beside the go.mod of the repository,
// from a package at any depth. Packages and nested modules have folders called
// testdata too; only the one sought has a README.
func testdata(tb testing.TB) string {
	tb.Helper()
	start, err := os.Getwd()
	if err != nil {
		tb.Fatalf("vectors: %v", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		root := filepath.Join(dir, "testdata")
		if isFile(filepath.Join(dir, "go.mod")) && isFile(filepath.Join(root, "README.md")) {
			return root
		}
		if dir == filepath.Dir(dir) {
			tb.Fatalf("vectors: no folder above %s has a go.mod beside a testdata/README.md", start)
		}
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
