// Command mutate runs gremlins, which changes operators in the source one at a time
// and reports the changes that no test notices. Run it by make mutate, or from this
// directory for some packages or files only:
//
//	go run . rendezvous/prf ring/lease.go
//
// It prints the survivors and the score, and fails if one of the survivors is not in
// equivalent.txt, which says why no test can tell it from the original.
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// packages are those of make mutate: pure code, the tests of which are quick.
var packages = []string{
	"rendezvous/prf", "internal/exact", "internal/nodeset", "internal/mt", "rendezvous", "ring", "ring/slots",
	"ring/internal/keyhash", "internal/compare",
}

// slow tests run other programs or repeat what quicker ones cover. A mutant costs a
// run of the tests of its package, so they would cost hours.
const slow = "Inline|PythonSelections|AgainstLibmemcached|AgainstNginx"

// patience is how often as long as the unchanged tests the tests of a mutant may
// take. Two mutants run at a time, and one that makes a loop endless takes all of it.
// Results from the cache would take no time, hence -count=1 below.
const patience = "6"

//go:embed equivalent.txt
var equivalents string

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(chosen []string) error {
	if len(chosen) == 0 {
		chosen = packages
	}
	tool, err := exec.Command("go", "tool", "-n", "gremlins").Output()
	if err != nil {
		return err
	}
	if err := os.Chdir(filepath.Join("..", "..", "..")); err != nil {
		return err
	}
	known := parse(equivalents)
	var all score
	for _, pkg := range chosen {
		mutants, err := mutate(strings.TrimSpace(string(tool)), pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", pkg, err)
		}
		var s score
		for _, m := range mutants {
			s.count(m, known)
		}
		fmt.Printf("%-18s %v\n", pkg, s)
		all.add(s)
	}
	fmt.Printf("%-18s %v\n", "all", all)
	if all.survived > 0 {
		return errors.New("some mutants survive: test what they change, or add them to equivalent.txt with the reason")
	}
	return nil
}

// mutant is a change of an operator.
type mutant struct {
	file         string
	Type, Status string
	Line, Column int
}

// mutate runs gremlins on a file, or on the files of a package without the packages
// below it.
func mutate(tool, path string) ([]mutant, error) {
	pkg, only := path, ""
	if filepath.Ext(path) == ".go" {
		pkg, only = filepath.Split(path)
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	output := filepath.Join(dir, "mutants.json")
	args := []string{"unleash", "--silent", "--timeout-coefficient", patience, "--output", output}
	entries, err := os.ReadDir(pkg)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() || only != "" && e.Name() != only {
			args = append(args, "--exclude-files", "^"+regexp.QuoteMeta(e.Name())+"(/|$)")
		}
	}
	tests, err := testsOf(pkg)
	if err != nil {
		return nil, err
	}
	gremlins := exec.Command(tool, append(args, "./"+pkg)...)
	gremlins.Env = append(os.Environ(), "GOFLAGS=-count=1 -short -vet=off -failfast -skip="+slow+" -run="+tests)
	gremlins.Stderr = os.Stderr
	if err := gremlins.Run(); err != nil {
		return nil, err
	}
	return read(output, pkg)
}

// testsOf returns a pattern for the tests of a package. Gremlins also runs the tests of
// the packages below to measure coverage, and those of mapper start servers.
func testsOf(pkg string) (pattern string, err error) {
	list, err := exec.Command("go", "test", "-list", "^(Test|Example|Fuzz)", "./"+pkg).Output()
	if err != nil {
		return "", err
	}
	names := strings.Fields(string(list))
	names = slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Example") && !strings.HasPrefix(name, "Fuzz")
	})
	return "^(" + strings.Join(names, "|") + ")$", nil
}

func read(path, pkg string) (list []mutant, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var report struct {
		Files []struct {
			Name      string   `json:"file_name"`
			Mutations []mutant `json:"mutations"`
		} `json:"files"`
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, err
	}
	for _, f := range report.Files {
		for _, m := range f.Mutations {
			m.file = filepath.ToSlash(filepath.Join(pkg, f.Name))
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b mutant) int {
		return strings.Compare(fmt.Sprintf("%s:%05d:%05d", a.file, a.Line, a.Column), fmt.Sprintf("%s:%05d:%05d", b.file, b.Line, b.Column))
	})
	return list, nil
}

// id names a mutant by its file, its type, its column after the indentation, and
// the text of its line, so that it stays the same while other lines change.
func (m mutant) id() string {
	f, err := os.Open(m.file)
	if err != nil {
		return m.file
	}
	defer f.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(f)
	for range m.Line {
		lines.Scan()
	}
	text := strings.TrimLeft(lines.Text(), "\t")
	column := m.Column - (len(lines.Text()) - len(text))
	return fmt.Sprintf("%s %s %d %s", m.file, m.Type, column, text)
}

// parse returns the IDs of the mutants in the list. A line that begins with # is
// the reason of those after it.
func parse(list string) map[string]bool {
	known := map[string]bool{}
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			known[line] = true
		}
	}
	return known
}

// score counts mutants.
type score struct{ killed, survived, equivalent, timedOut, uncovered int }

func (s *score) count(m mutant, known map[string]bool) {
	switch m.Status {
	case "KILLED":
		s.killed++
	case "TIMED OUT":
		s.timedOut++
		fmt.Printf("%s:%d:%d: timed out: %s\n", m.file, m.Line, m.Column, m.Type)
	case "NOT COVERED":
		s.uncovered++
	case "LIVED":
		if known[m.id()] {
			s.equivalent++
			return
		}
		s.survived++
		fmt.Printf("%s:%d:%d: survives: %s\n\t%s\n", m.file, m.Line, m.Column, m.Type, m.id())
	}
}

func (s *score) add(o score) {
	s.killed += o.killed
	s.survived += o.survived
	s.equivalent += o.equivalent
	s.timedOut += o.timedOut
	s.uncovered += o.uncovered
}

// String gives the score: the part that is killed of those that are not equivalent.
func (s score) String() string {
	rated := max(1, s.killed+s.survived)
	return fmt.Sprintf("%d of %d killed (%.1f%%), %d equivalent, %d timed out, %d not covered",
		s.killed, s.killed+s.survived, 100*float64(s.killed)/float64(rated), s.equivalent, s.timedOut, s.uncovered)
}
