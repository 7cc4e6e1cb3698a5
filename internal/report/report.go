// Package report writes check results as JUnit XML, TAP, GitHub annotations or a
// code quality report of GitLab, and the load of nodes and the movement of keys
// as a self-contained HTML page or as SVG pictures. [Live] is the status page of
// a running member.
//
// Except for the HTTP handlers, nothing here reads a file or the network. Names
// of nodes, zones and checks are untrusted: they come from service discovery and
// from proposed changes to files. Every format escapes the characters that are
// special to its reader. The caller escapes control characters, which are
// special to all of them.
package report

import (
	"slices"
	"time"
)

// Suite holds the results of a check file.
type Suite struct {
	File    string // the check file as named by the caller
	Checks  []Result
	Err     *Failure // why the checks did not run to the end; its Line may be 0
	Elapsed time.Duration
}

// Result is the result of one check, which passed if Failures is empty.
type Result struct {
	Name     string
	Line     int    // the first line of the check in the file
	Note     string // what was checked
	Warn     bool   // a failure is a warning
	Failures []Failure
	Elapsed  time.Duration
}

// Failure is one violation found by a check.
type Failure struct {
	Line    int // of the check file
	Message string
}

// Results are the results of one or more check files.
type Results []Suite

// Count returns the number of checks, of failed ones and of warnings. Warnings are
// no failures.
func (r Results) Count() (checks, failed, warned int) {
	for _, s := range r {
		checks += len(s.Checks)
		for _, c := range s.Checks {
			switch {
			case c.Failed():
				failed++
			case c.Warned():
				warned++
			}
		}
	}
	return checks, failed, warned
}

// interrupted reports whether the checks of a file did not run to the end.
func (r Results) interrupted() bool {
	return slices.ContainsFunc(r, func(s Suite) bool { return s.Err != nil })
}

// Failed reports whether the check failed, and not only with a warning.
func (c *Result) Failed() bool { return len(c.Failures) > 0 && !c.Warn }

// Warned reports whether the check found violations that are warnings.
func (c *Result) Warned() bool { return len(c.Failures) > 0 && c.Warn }
