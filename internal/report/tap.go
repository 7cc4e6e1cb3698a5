package report

import (
	"fmt"
	"io"
	"strings"
)

// tapEscapes escapes the special characters of a TAP description.
var tapEscapes = strings.NewReplacer(`\`, `\\`, `#`, `\#`)

// TAP writes the results in the Test Anything Protocol, version 14.
func TAP(w io.Writer, r Results) error {
	var b strings.Builder
	b.WriteString("TAP version 14\n")
	if checks, _, _ := r.Count(); !r.interrupted() {
		fmt.Fprintf(&b, "1..%d\n", checks)
	}
	number := 0
	for _, s := range r {
		for _, c := range s.Checks {
			number++
			result := "ok"
			if c.Failed() {
				result = "not ok"
			}
			fmt.Fprintf(&b, "%s %d - %s\n", result, number, tapEscapes.Replace(c.Name))
			if len(c.Failures) > 0 {
				b.WriteString(diagnostics(s.File, c))
			}
		}
		if s.Err != nil {
			fmt.Fprintf(&b, "Bail out! %s: %s\n", oneLine(s.File), oneLine(s.Err.Message))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// diagnostics returns the YAML block that follows a result with violations. For
// printable text, Go quoting is valid YAML.
func diagnostics(file string, c Result) string {
	var b strings.Builder
	b.WriteString("  ---\n  " + map[bool]string{false: "failures", true: "warnings"}[c.Warn] + ":\n")
	for _, f := range c.Failures {
		fmt.Fprintf(&b, "    - at: %q\n      message: %q\n", fmt.Sprintf("%s:%d", file, f.Line), f.Message)
	}
	b.WriteString("  ...\n")
	return b.String()
}
