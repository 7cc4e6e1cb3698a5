package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
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
	summary := written(t, GitHubSummary, hostile())
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
	assert.Contains(t, written(t, GitHubSummary, r), "<h3>proxenos check: b.yaml</h3>")
	var suites junitSuites
	require.NoError(t, xml.Unmarshal([]byte(written(t, JUnit, r)), &suites))
	require.Len(t, suites.Suites, 2)
	assert.Equal(t, []any{"b.yaml", 1, 0}, []any{suites.Suites[1].Name, suites.Suites[1].Tests, suites.Suites[1].Failures})
	assert.Contains(t, suites.Suites[1].Cases[0].Note, "warning: b.yaml:3: x")
}
