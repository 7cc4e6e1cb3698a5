package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesAreCurrent: the files in the tree are those that this command writes.
func TestFilesAreCurrent(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob(filepath.Join(dir, "*.s"))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(files) {
		t.Errorf("%s holds %d files of assembly, want %d", dir, len(found), len(files))
	}
	for name, write := range files {
		want, err := assembly(write)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run make asm", name)
		}
	}
}
