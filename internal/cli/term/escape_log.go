package term

import (
	"net/netip"
	"strings"
)

// Escape returns s as printable does, and keeps it from being a command to the
// continuous integration that reads our output: GitHub obeys a line that, after
// any blanks, begins with "::error", and Azure one that has "##vso[" in it. An
// IPv6 address begins with "::" too and is left alone.
func Escape(s string) string {
	s = Printable(s)
	if command, ok := strings.CutPrefix(strings.TrimLeft(s, " "), "::"); ok {
		if _, err := netip.ParseAddr(s); err != nil {
			s = s[:len(s)-len(command)-2] + `\x3a:` + command
		}
	}
	return strings.ReplaceAll(s, "##", `\x23#`)
}
