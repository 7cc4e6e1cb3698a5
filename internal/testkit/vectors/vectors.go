// Package vectors reads the golden vectors in testdata. testdata/README.md
// describes their format. Finding no vectors fails the test.
package vectors

import (
	"os"
	"path/filepath"
	"testing"
)

// Run runs f as a subtest for every file in testdata that matches the pattern.
// Patterns have the syntax of [filepath.Match] with forward slashes.
func Run(t *testing.T, pattern string, f func(t *testing.T, file *File)) {
	t.Helper()
	root, paths := match(t, pattern)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) { f(t, open(t, root, path)) })
	}
}

// Glob returns the files in testdata that match the pattern, in order of name.
// Their methods fail tb; subtests use [Run] instead.
func Glob(tb testing.TB, pattern string) []*File {
	tb.Helper()
	root, paths := match(tb, pattern)
	files := make([]*File, len(paths))
	for i, path := range paths {
		files[i] = open(tb, root, path)
	}
	return files
}

// Open returns one file of testdata.
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

// match returns the matching files relative to testdata, with forward slashes.
// It fails the test if there are none.
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

// testdata returns the testdata directory at the root of the repository. Packages
// and nested modules have testdata directories too; only the one at the root has
// a README.
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
			tb.Fatalf("vectors: no directory above %s has a go.mod and a testdata/README.md", start)
		}
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
