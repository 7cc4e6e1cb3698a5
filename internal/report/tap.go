package report

import (
	"fmt"
	"io"
	"strings"
)

// tapEscapes escapes the special characters of a TAP description.
var tapEscapes = strings.NewReplacer(`\`, `\\`, `#`, `\#`)

// TAP writes the results in the Test Anything Protocol, version 14.
func TAP(w io.Writer, s *Suite) error {
	var b strings.Builder
	fmt.Fprintf(&b, "TAP version 14\n1..%d\n", len(s.Checks))
	for i, c := range s.Checks {
		result := "ok"
		if len(c.Failures) > 0 {
			result = "not ok"
		}
		fmt.Fprintf(&b, "%s %d - %s\n", result, i+1, tapEscapes.Replace(c.Name))
		if len(c.Failures) > 0 {
			b.WriteString(diagnostics(s.File, c.Failures))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// diagnostics returns the YAML block that follows a failed result. For printable
// text, Go quoting is valid YAML.
func diagnostics(file string, failures []Failure) string {
	var b strings.Builder
	b.WriteString("  ---\n  failures:\n")
	for _, f := range failures {
		fmt.Fprintf(&b, "    - at: %q\n      message: %q\n", fmt.Sprintf("%s:%d", file, f.Line), f.Message)
	}
	b.WriteString("  ...\n")
	return b.String()
}
