package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// The elements of JUnit XML that Jenkins, GitLab and other CI systems agree on.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr,omitempty"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Error   *junitFailure `xml:"error"`
		Note    string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the results as JUnit XML, with a test suite for each file. The
// encoder escapes markup and replaces characters that XML does not allow.
func JUnit(w io.Writer, r Results) error {
	var all junitSuites
	for _, s := range r {
		_, failed, _ := Results{s}.Count()
		suite := junitSuite{Name: s.File, Tests: len(s.Checks), Failures: failed, Time: seconds(s.Elapsed)}
		for _, c := range s.Checks {
			suite.Cases = append(suite.Cases, newJUnitCase(s.File, c))
		}
		if s.Err != nil {
			suite.Tests, suite.Errors = suite.Tests+1, 1
			suite.Cases = append(suite.Cases, junitCase{
				Class: s.File, Name: "proxenos check", File: s.File, Line: s.Err.Line, Time: seconds(0),
				Error: &junitFailure{Message: s.Err.Message},
			})
		}
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func newJUnitCase(file string, c Result) junitCase {
	j := junitCase{Class: file, Name: c.Name, File: file, Line: c.Line, Time: seconds(c.Elapsed), Note: c.Note}
	text := ""
	for _, f := range c.Failures {
		text += fmt.Sprintf("%s:%d: %s\n", file, f.Line, f.Message)
	}
	switch {
	case c.Failed():
		j.Failure = &junitFailure{Message: c.Failures[0].Message, Text: text}
	case c.Warned():
		j.Note += "\nwarning: " + text // JUnit has no warnings
	}
	return j
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
