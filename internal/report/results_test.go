package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile returns a suite in which every text has characters that are special
// to one of the formats.
func hostile() Results {
	return Results{{
		File: "a,b:c%\n.yaml", Elapsed: 1500 * time.Millisecond,
		Checks: []Result{
			{Name: "fine # SKIP \\", Line: 3, Note: "<i>2</i> pins\n\n# heading"},
			{Name: "::error::x, y<script>", Line: 7, Note: "n", Elapsed: time.Second, Failures: []Failure{
				{8, "100% of \"a\"\n::warning::b & <c>\r"},
				{9, "]]> \x1b[31m"},
			}},
		},
	}}
}

func written(t *testing.T, write func(io.Writer, Results) error, r Results) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b, r))
	return b.String()
}

func TestGitHub(t *testing.T) {
	assert.Equal(t, ""+
		"::error file=a%2Cb%3Ac%25%0A.yaml,line=8,title=%3A%3Aerror%3A%3Ax%2C y<script>::100%25 of \"a\"%0A::warning::b & <c>%0D\n"+
		"::error file=a%2Cb%3Ac%25%0A.yaml,line=9,title=%3A%3Aerror%3A%3Ax%2C y<script>::]]> \x1b[31m\n"+
		"proxenos check: 1 of 2 failed\n", written(t, GitHub, hostile()))
}

func TestGitHubSummary(t *testing.T) {
	summary := written(t, func(w io.Writer, r Results) error { return GitHubSummary(w, r, MaxSummary) }, hostile())
	assert.Contains(t, summary, "<tr><td>passed</td><td>fine # SKIP \\</td><td>&lt;i&gt;2&lt;/i&gt; pins # heading</td></tr>\n")
	assert.Contains(t, summary, "<strong>failed</strong></td><td>::error::x, y&lt;script&gt;</td>")
	assert.Contains(t, summary, "line 8: 100% of &#34;a&#34; ::warning::b &amp; &lt;c&gt;<br>line 9: ]]&gt;")
	assert.NotContains(t, strings.TrimSuffix(summary, "\n\n"), "\n\n", "GitHub parses Markdown after a blank line")
}

// TestJUnit decodes the XML and compares it with the suite.
func TestJUnit(t *testing.T) {
	text := written(t, JUnit, hostile())
	var suites junitSuites
	require.NoError(t, xml.Unmarshal([]byte(text), &suites))
	require.Len(t, suites.Suites, 1)
	suite := suites.Suites[0]
	assert.Equal(t, []any{2, 1, "1.500"}, []any{suite.Tests, suite.Failures, suite.Time})
	require.Len(t, suite.Cases, 2)
	assert.Equal(t, "::error::x, y<script>", suite.Cases[1].Name)
	assert.Equal(t, 7, suite.Cases[1].Line)
	assert.Nil(t, suite.Cases[0].Failure)
	assert.Equal(t, "<i>2</i> pins\n\n# heading", suite.Cases[0].Note)
	assert.Contains(t, suite.Cases[1].Failure.Text, "9: ]]> \ufffd[31m", "XML does not allow the escape character")
	assert.NotContains(t, text, "<script")
	assert.NotContains(t, text, "\x1b")
}

func TestTAP(t *testing.T) {
	assert.Equal(t, `TAP version 14
1..2
ok 1 - fine \# SKIP \\
not ok 2 - ::error::x, y<script>
  ---
  failures:
    - at: "a,b:c%\n.yaml:8"
      message: "100% of \"a\"\n::warning::b & <c>\r"
    - at: "a,b:c%\n.yaml:9"
      message: "]]> \x1b[31m"
  ...
`, written(t, TAP, hostile()))
}

// TestGitLab: the fingerprint depends on the file and the check, not on the
// figures in the message or on the line.
func TestGitLab(t *testing.T) {
	r := hostile()
	r[0].Checks[1].Warn = true
	r = append(r, Suite{File: "b.yaml", Checks: []Result{{Name: "even", Failures: []Failure{{3, "1.06"}}}}})
	var issues, later []gitlabIssue
	require.NoError(t, json.Unmarshal([]byte(written(t, GitLab, r)), &issues))
	require.Len(t, issues, 3)
	assert.Equal(t, []string{"minor", "minor", "major"}, []string{issues[0].Severity, issues[1].Severity, issues[2].Severity})
	assert.Equal(t, gitlabLocation{"b.yaml", gitlabLines{3}}, issues[2].Location)
	assert.Equal(t, []string{"even", "1.06"}, []string{issues[2].Check, issues[2].Description})
	assert.NotEqual(t, issues[0].Fingerprint, issues[1].Fingerprint)
	r[1].Checks[0].Failures[0] = Failure{9, "1.07"}
	require.NoError(t, json.Unmarshal([]byte(written(t, GitLab, r)), &later))
	assert.Equal(t, issues[2].Fingerprint, later[2].Fingerprint)
	assert.Equal(t, "[]\n", written(t, GitLab, nil))
}

// TestSeveralFiles: numbers go on from file to file, and each file has a suite.
func TestSeveralFiles(t *testing.T) {
	r := append(hostile(), Suite{File: "b.yaml", Checks: []Result{{Name: "warned", Warn: true, Failures: []Failure{{3, "x"}}}}})
	checks, failed, warned := r.Count()
	assert.Equal(t, []int{3, 1, 1}, []int{checks, failed, warned})
	assert.Contains(t, written(t, TAP, r), "1..3\n")
	assert.Contains(t, written(t, TAP, r), "ok 3 - warned\n  ---\n  warnings:\n    - at: \"b.yaml:3\"")
	assert.Contains(t, written(t, GitHub, r), "::warning file=b.yaml,line=3,title=warned::x\nproxenos check: 1 of 3 failed\n")
	assert.Contains(t, written(t, func(w io.Writer, r Results) error { return GitHubSummary(w, r, MaxSummary) }, r), "<h4>b.yaml</h4>")
	var suites junitSuites
	require.NoError(t, xml.Unmarshal([]byte(written(t, JUnit, r)), &suites))
	require.Len(t, suites.Suites, 2)
	assert.Equal(t, []any{"b.yaml", 1, 0}, []any{suites.Suites[1].Name, suites.Suites[1].Tests, suites.Suites[1].Failures})
	assert.Contains(t, suites.Suites[1].Cases[0].Note, "warning: b.yaml:3: x")
}

// Every report says that the checks did not run to the end.
func TestReportsOfAnError(t *testing.T) {
	t.Parallel()
	r := Results{{File: "a.yaml", Err: &Failure{Line: 7, Message: "unknown key \"pin\""}}}
	assert.Equal(t, "::error file=a.yaml,line=7,title=proxenos check::unknown key \"pin\"\nproxenos check: 0 of 0 failed, and not all checks ran\n", written(t, GitHub, r))
	assert.Equal(t, "TAP version 14\nBail out! a.yaml: unknown key \"pin\"\n", written(t, TAP, r))
	junit := written(t, JUnit, r)
	assert.Contains(t, junit, `<testsuite name="a.yaml" tests="1" failures="0" errors="1"`)
	assert.Equal(t, 1, strings.Count(junit, "<error "))
	assert.Contains(t, junit, `<error message="unknown key &#34;pin&#34;">`)
	assert.Contains(t, written(t, GitLab, r), `"severity": "blocker"`)

	r[0].Err.Line = 0
	assert.Contains(t, written(t, GitHub, r), "::error file=a.yaml,title=")
	assert.NotContains(t, written(t, JUnit, r), "line=")
}

// GitHub shows ten annotations of a level, and drops a summary of 1 MiB.
func TestGitHubLimits(t *testing.T) {
	t.Parallel()
	check := Result{Name: "pins", Line: 1, Failures: make([]Failure, 13)}
	warning := check
	warning.Warn = true
	text := written(t, GitHub, Results{{File: "a.yaml", Checks: []Result{check, warning}}})
	assert.Equal(t, 10, strings.Count(text, "::error "))
	assert.Equal(t, 10, strings.Count(text, "::warning "))
	assert.Contains(t, text, "\n3 more of level error\n3 more of level warning\nproxenos check: 1 of 2 failed\n")

	check.Failures = []Failure{{1, strings.Repeat("<", 1000)}}
	many := Results{{File: "a.yaml"}}
	for range 1000 {
		many[0].Checks = append(many[0].Checks, check)
	}
	for _, room := range []int{MaxSummary - 1, 20_000, 300} {
		summary := written(t, func(w io.Writer, r Results) error { return GitHubSummary(w, r, room) }, many)
		assert.LessOrEqual(t, len(summary), room)
		assert.True(t, strings.HasPrefix(summary, "<h3>proxenos check: 1000 of 1000 failed</h3>\n"))
		shown := strings.Count(summary, "<strong>failed")
		assert.Contains(t, summary, fmt.Sprintf("<p>%d more checks", 1000-shown))
	}
}
