package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestScore(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.go", "package a\n\n\tif x > 0 {\n\tif y > 0 {\n")
	write("report.json", `{"files": [{"file_name": "a.go", "mutations": [
		{"type": "B", "status": "LIVED", "line": 4, "column": 7},
		{"type": "B", "status": "LIVED", "line": 3, "column": 7},
		{"type": "C", "status": "KILLED", "line": 3, "column": 7},
		{"type": "C", "status": "TIMED OUT", "line": 4, "column": 7},
		{"type": "D", "status": "NOT COVERED", "line": 4, "column": 7}]}]}`)
	mutants, err := read(filepath.Join(".", "report.json"), ".")
	if err != nil {
		t.Fatal(err)
	}
	if id, want := mutants[0].id(), "a.go B 6 if x > 0 {"; id != want {
		t.Fatalf("the first is %q, want %q", id, want)
	}
	var s score
	for _, m := range mutants {
		s.count(m, parse("# it is never positive\na.go B 6 if x > 0 {\n"))
	}
	if want := "1 of 2 killed (50.0%), 1 equivalent, 1 timed out, 1 not covered"; s.String() != want {
		t.Fatalf("the score is %v, want %s", s, want)
	}
}
