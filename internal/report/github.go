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

// maxAnnotations is the number of annotations of each level that GitHub shows of a
// step (docs.github.com: Usage limits of annotations).
const maxAnnotations = 10

// annotations writes annotations up to the limit of each level, and counts the
// others.
type annotations struct {
	b             strings.Builder
	written, left map[string]int
}

func (a *annotations) add(level, file, title string, f Failure) {
	if a.written[level] == maxAnnotations {
		a.left[level]++
		return
	}
	a.written[level]++
	line := ""
	if f.Line > 0 {
		line = fmt.Sprintf(",line=%d", f.Line)
	}
	fmt.Fprintf(&a.b, "::%s file=%s%s,title=%s::%s\n", level, githubProperty.Replace(file), line, githubProperty.Replace(title), githubData.Replace(f.Message))
}

// GitHub writes an annotation for every violation and for every file whose checks
// did not run to the end, ten of each level at most, and a summary line.
func GitHub(w io.Writer, r Results) error {
	a := annotations{written: map[string]int{}, left: map[string]int{}}
	for _, s := range r { // errors first: they must not be cut
		if s.Err != nil {
			a.add("error", s.File, "proxenos check", *s.Err)
		}
	}
	for _, s := range r {
		for _, c := range s.Checks {
			for _, f := range c.Failures {
				a.add(githubLevel(c), s.File, c.Name, f)
			}
		}
	}
	for _, level := range []string{"error", "warning"} {
		if more := a.left[level]; more > 0 {
			fmt.Fprintf(&a.b, "%d more of level %s\n", more, level)
		}
	}
	fmt.Fprintf(&a.b, "proxenos check: %s\n", githubCounts(r))
	_, err := io.WriteString(w, a.b.String())
	return err
}

func githubCounts(r Results) string {
	checks, failed, _ := r.Count()
	counts := fmt.Sprintf("%d of %d failed", failed, checks)
	if r.interrupted() {
		counts += ", and not all checks ran"
	}
	return counts
}

func githubLevel(c Result) string {
	if c.Warn {
		return "warning"
	}
	return "error"
}

// MaxSummary is the size in bytes below which the summary of a step must stay:
// GitHub drops a larger one.
const MaxSummary = 1 << 20

// GitHubSummary writes the counts, and a table for each file, for the summary of a
// step. Rows for which there is no room are counted. The HTML has no blank line,
// because GitHub parses Markdown after one.
func GitHubSummary(w io.Writer, r Results, room int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<h3>proxenos check: %s</h3>\n", githubCounts(r))
	left := 0
	for _, s := range r {
		head := fmt.Sprintf("<h4>%s</h4>\n%s<table>\n<tr><th>result</th><th>check</th><th>details</th></tr>\n", html.EscapeString(oneLine(s.File)), errorLine(s.Err))
		if b.Len()+len(head)+summaryTail > room {
			left += len(s.Checks)
			continue
		}
		b.WriteString(head)
		for _, c := range s.Checks {
			result, details := "passed", html.EscapeString(oneLine(c.Note))
			switch {
			case c.Failed():
				result, details = "<strong>failed</strong>", failureList(c.Failures)
			case c.Warned():
				result, details = "warning", failureList(c.Failures)
			}
			row := fmt.Sprintf("<tr><td>%s</td><td>%s</td><td>%s</td></tr>\n", result, html.EscapeString(oneLine(c.Name)), details)
			if b.Len()+len(row)+summaryTail > room {
				left++
				continue
			}
			b.WriteString(row)
		}
		b.WriteString("</table>\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "<p>%d more checks; the log has them all</p>\n", left)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// summaryTail is room for what follows the last row.
const summaryTail = 100

func errorLine(f *Failure) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("<p><strong>error</strong>: line %d: %s</p>\n", f.Line, html.EscapeString(oneLine(f.Message)))
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
