package figures

import (
	"fmt"
	"io"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
)

// suiteReport is a value of --report: a format, and a file or standard output.
type suiteReport struct {
	kind string
	path string // "" is standard output
}

// suiteWriters write each kind of report.
var suiteWriters = map[string]func(io.Writer, *report.Suite) error{
	"junit": report.JUnit, "tap": report.TAP, "github": report.GitHub,
}

// reportKinds are the values of --report.
var reportKinds = []string{"junit=FILE", "tap", "tap=FILE", "github"}

// parseReports parses the values of --report, of which one at most may write to
// standard output.
func parseReports(typed []string) (reports []suiteReport, err error) {
	stdout := 0
	for _, text := range typed {
		kind, path, toFile := strings.Cut(text, "=")
		r := suiteReport{kind, path}
		switch {
		case (kind == "junit" || kind == "tap") && path != "":
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

// write writes the report.
func (r suiteReport) write(std *term.Streams, s *report.Suite) error {
	write := func(w io.Writer) error { return suiteWriters[r.kind](w, s) }
	if !r.toStdout() {
		return std.WriteStream("--report", r.path, write)
	}
	if err := write(std.Out); err != nil {
		return term.WithCode(term.ErrIO, err)
	}
	if summary := std.Getenv("GITHUB_STEP_SUMMARY"); r.kind == "github" && summary != "" {
		return term.AppendStream("GITHUB_STEP_SUMMARY", summary, func(w io.Writer) error { return report.GitHubSummary(w, s) })
	}
	return nil
}

// writeChecksText writes a line for each check and each failure.
func writeChecksText(w io.Writer, s *report.Suite) error {
	var b strings.Builder
	for _, c := range s.Checks {
		if len(c.Failures) == 0 {
			fmt.Fprintf(&b, "ok    %s (%s)\n", c.Name, c.Note)
			continue
		}
		fmt.Fprintf(&b, "%s  %s (%s)\n", map[bool]string{false: "FAIL", true: "warn"}[c.Warn], c.Name, c.Note)
		for _, f := range c.Failures {
			fmt.Fprintf(&b, "      %s:%d: %s\n", s.File, f.Line, f.Message)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
