package report

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// A workflow command is a line that begins with two colons. Line ends must be
// percent-encoded in its data, and colons and commas also in its properties
// (docs.github.com: Workflow commands for GitHub Actions).
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// GitHub writes an annotation for every violation and a summary line.
func GitHub(w io.Writer, r Results) error {
	var b strings.Builder
	for _, s := range r {
		for _, c := range s.Checks {
			for _, f := range c.Failures {
				fmt.Fprintf(&b, "::%s file=%s,line=%d,title=%s::%s\n", githubLevel(c),
					githubProperty.Replace(s.File), f.Line, githubProperty.Replace(c.Name), githubData.Replace(f.Message))
			}
		}
	}
	checks, failed, _ := r.Count()
	fmt.Fprintf(&b, "proxenos check: %d of %d failed\n", failed, checks)
	_, err := io.WriteString(w, b.String())
	return err
}

func githubLevel(c Result) string {
	if c.Warn {
		return "warning"
	}
	return "error"
}

// GitHubSummary writes a table for each file for the summary of a step. The HTML
// has no blank line, because GitHub parses Markdown after one.
func GitHubSummary(w io.Writer, r Results) error {
	var b strings.Builder
	for _, s := range r {
		fmt.Fprintf(&b, "<h3>proxenos check: %s</h3>\n<table>\n<tr><th>result</th><th>check</th><th>details</th></tr>\n", html.EscapeString(oneLine(s.File)))
		for _, c := range s.Checks {
			result, details := "passed", html.EscapeString(oneLine(c.Note))
			switch {
			case c.Failed():
				result, details = "<strong>failed</strong>", failureList(c.Failures)
			case c.Warned():
				result, details = "warning", failureList(c.Failures)
			}
			fmt.Fprintf(&b, "<tr><td>%s</td><td>%s</td><td>%s</td></tr>\n", result, html.EscapeString(oneLine(c.Name)), details)
		}
		b.WriteString("</table>\n\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func failureList(failures []Failure) string {
	lines := make([]string, len(failures))
	for i, f := range failures {
		lines[i] = fmt.Sprintf("line %d: %s", f.Line, html.EscapeString(oneLine(f.Message)))
	}
	return strings.Join(lines, "<br>")
}

// oneLine joins the lines of s, so that the table has no blank line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
