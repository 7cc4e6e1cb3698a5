// Package report writes figures in the forms that others read: results of
// checks as JUnit XML, TAP and GitHub's annotations, and load and movement as
// one self-contained HTML page or as SVG pictures.
//
// Figures come in and bytes go out; nothing here reads a file, a network or a
// clock. Names of nodes, zones and checks come from service discovery and from
// files that anybody may have sent, so every format escapes whatever means
// something to its reader. Control characters mean something to all of them
// and are escaped by the caller before.
package report

import "time"

// Suite is the results of a check file.
type Suite struct {
	File    string // the check file, as it was named
	Checks  []Result
	Elapsed time.Duration
}

// Result is one check. It passed if there are no failures.
type Result struct {
	Name     string
	Line     int    // where it begins in the file
	Note     string // what was looked at
	Failures []Failure
	Elapsed  time.Duration
}

// Failure is something that is not so.
type Failure struct {
	Line    int // in the check file
	Message string
}

// Failed returns the number of checks that failed.
func (s *Suite) Failed() (count int) {
	for _, c := range s.Checks {
		if len(c.Failures) > 0 {
			count++
		}
	}
	return count
}
