package term

import (
	"net/netip"
	"strings"
)

// Escape returns Printable(s) with workflow commands of CI systems escaped:
// GitHub runs a line that begins with "::error" after optional spaces, and Azure
// one that contains "##vso[". An IPv6 address such as "::1" stays as it is.
func Escape(s string) string {
	s = Printable(s)
	if command, ok := strings.CutPrefix(strings.TrimLeft(s, " "), "::"); ok {
		if _, err := netip.ParseAddr(s); err != nil {
			s = s[:len(s)-len(command)-2] + `\x3a:` + command
		}
	}
	return strings.ReplaceAll(s, "##", `\x23#`)
}
