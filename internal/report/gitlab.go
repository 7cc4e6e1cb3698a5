package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// The fields of a code quality report that GitLab reads (docs.gitlab.com: Code
// Quality, Code Quality report format).
type (
	gitlabIssue struct {
		Description string         `json:"description"`
		Check       string         `json:"check_name"`
		Fingerprint string         `json:"fingerprint"`
		Severity    string         `json:"severity"`
		Location    gitlabLocation `json:"location"`
	}
	gitlabLocation struct {
		Path  string      `json:"path"`
		Lines gitlabLines `json:"lines"`
	}
	gitlabLines struct {
		Begin int `json:"begin"`
	}
)

// GitLab writes every violation, and every file whose checks did not run to the
// end, as an issue of a code quality report.
func GitLab(w io.Writer, r Results) error {
	issues := []gitlabIssue{}
	for _, s := range r {
		if s.Err != nil {
			issues = append(issues, gitlabIssue{
				Description: s.Err.Message, Check: "proxenos check", Fingerprint: fingerprint(s.File, "", 0), Severity: "blocker",
				Location: gitlabLocation{s.File, gitlabLines{max(1, s.Err.Line)}},
			})
		}
		for _, c := range s.Checks {
			severity := "major"
			if c.Warn {
				severity = "minor"
			}
			for i, f := range c.Failures {
				issues = append(issues, gitlabIssue{
					Description: f.Message, Check: c.Name, Fingerprint: fingerprint(s.File, c.Name, i), Severity: severity,
					Location: gitlabLocation{s.File, gitlabLines{f.Line}},
				})
			}
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(issues)
}

// fingerprint identifies an issue from run to run: neither its line nor the figures
// in its message are part of it.
func fingerprint(file, check string, number int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d", file, check, number))
	return hex.EncodeToString(sum[:16])
}
