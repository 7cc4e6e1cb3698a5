package figures

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
)

// suiteReport is a value of --report: a format, and a file or standard output.
type suiteReport struct {
	kind string
	path string // "" is standard output
}

// suiteWriters write each kind of report.
var suiteWriters = map[string]func(io.Writer, report.Results) error{
	"junit": report.JUnit, "tap": report.TAP, "github": report.GitHub, "gitlab": report.GitLab,
}

// reportKinds are the values of --report.
var reportKinds = []string{"junit=FILE", "tap", "tap=FILE", "github", "gitlab=FILE"}

// parseReports parses the values of --report, of which one at most may write to
// standard output.
func parseReports(typed []string) (reports []suiteReport, err error) {
	stdout := 0
	for _, text := range typed {
		kind, path, toFile := strings.Cut(text, "=")
		r := suiteReport{kind, path}
		switch {
		case (kind == "junit" || kind == "tap" || kind == "gitlab") && path != "":
		case (kind == "tap" || kind == "github") && !toFile:
		default:
			return nil, term.UnknownChoice("report", text, reportKinds)
		}
		if r.toStdout() {
			stdout++
		}
		reports = append(reports, r)
	}
	if stdout > 1 {
		return nil, term.Hint(term.Usagef("more than one --report writes to standard output"), "--report tap=FILE writes to a file")
	}
	return reports, nil
}

func (r suiteReport) toStdout() bool { return r.path == "" || r.path == "-" }

// replacesText reports whether the report takes the place of the text on standard
// output. The annotations of GitHub follow it.
func (r suiteReport) replacesText() bool { return r.toStdout() && r.kind != "github" }

// write writes the report.
func (r suiteReport) write(std *term.Streams, results report.Results) error {
	write := func(w io.Writer) error { return suiteWriters[r.kind](w, results) }
	if !r.toStdout() {
		return std.WriteStream("--report", r.path, write)
	}
	err := term.WithCode(term.ErrIO, write(std.Out))
	if summary := std.Getenv("GITHUB_STEP_SUMMARY"); r.kind == "github" && summary != "" {
		err = term.FirstFailure(err, appendSummary(summary, results))
	}
	return err
}

// appendSummary appends to the summary of a step, to which other commands of the
// step may have written.
func appendSummary(path string, results report.Results) error {
	room := report.MaxSummary - 1
	if info, err := os.Stat(path); err == nil {
		room -= int(min(info.Size(), int64(room)))
	}
	return term.AppendStream("GITHUB_STEP_SUMMARY", path, func(w io.Writer) error { return report.GitHubSummary(w, results, room) })
}

// inWorkspace returns the results with paths as CI systems want them: relative to
// the workspace, clean, and with slashes.
func inWorkspace(results report.Results, getenv func(string) string) report.Results {
	results = slices.Clone(results)
	for i := range results {
		results[i].File = workspacePath(results[i].File, getenv)
	}
	return results
}

func workspacePath(path string, getenv func(string) string) string {
	absolute, err := filepath.Abs(path)
	for _, variable := range []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR"} {
		workspace := getenv(variable)
		if workspace == "" || err != nil {
			continue
		}
		if inside, err := filepath.Rel(workspace, absolute); err == nil && filepath.IsLocal(inside) {
			return filepath.ToSlash(inside)
		}
	}
	return filepath.ToSlash(filepath.Clean(path))
}

// faultOf returns why the checks of a file did not run to the end.
func faultOf(err error) *report.Failure {
	f := &report.Failure{Message: err.Error()}
	var file *checkfile.Error
	var line *lineError
	switch {
	case errors.As(err, &file):
		f.Line, f.Message = file.Line, file.Err.Error()
	case errors.As(err, &line):
		f.Line = line.line
	}
	f.Message = term.Escape(f.Message)
	return f
}

// lineError is an error at a line of the check file.
type lineError struct {
	error
	line int
}

func (e *lineError) Unwrap() error { return e.error }

// writeChecks writes a line for each check and each violation, in quiet only for
// checks with violations.
func writeChecks(w io.Writer, r report.Results, quiet, colored bool) error {
	var b strings.Builder
	for _, s := range r {
		for _, c := range s.Checks {
			if !quiet || len(c.Failures) > 0 {
				label := fmt.Sprintf("%-4s", labelOf(c))
				if colored {
					label = term.Paint(labelColors[labelOf(c)], label)
				}
				fmt.Fprintf(&b, "%s  %s (%s)\n", label, c.Name, c.Note)
			}
			for _, f := range c.Failures {
				fmt.Fprintf(&b, "      %s:%d: %s\n", s.File, f.Line, f.Message)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// labelColors are the colors of labels on a terminal.
var labelColors = map[string]string{"ok": "32", "warn": "33", "FAIL": "1;31"}

func labelOf(c report.Result) string {
	switch {
	case c.Failed():
		return "FAIL"
	case c.Warned():
		return "warn"
	default:
		return "ok"
	}
}

// checksView is the output of check -o json.
type checksView struct {
	Schema   string     `json:"schema"`
	Checks   int        `json:"checks"`
	Failed   int        `json:"failed"`
	Warnings int        `json:"warnings"`
	Files    []fileView `json:"files"`
}

// fileView is the results of a check file.
type fileView struct {
	File   string      `json:"file"`
	Checks []checkView `json:"checks"`
}

// checkView is the result of a check.
type checkView struct {
	Name     string        `json:"name"`
	Line     int           `json:"line"`
	Result   string        `json:"result"` // ok, fail or warn
	Note     string        `json:"note"`
	Failures []failureView `json:"failures,omitempty"`
}

// failureView is a violation found by a check.
type failureView struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

func writeChecksJSON(w io.Writer, r report.Results) error {
	v := checksView{Schema: "proxenos.check/v1", Files: []fileView{}}
	v.Checks, v.Failed, v.Warnings = r.Count()
	for _, s := range r {
		file := fileView{File: s.File}
		for _, c := range s.Checks {
			check := checkView{Name: c.Name, Line: c.Line, Result: strings.ToLower(labelOf(c)), Note: c.Note}
			for _, f := range c.Failures {
				check.Failures = append(check.Failures, failureView(f))
			}
			file.Checks = append(file.Checks, check)
		}
		v.Files = append(v.Files, file)
	}
	return term.WriteJSON(w, v)
}
