package cli

import (
	"net/netip"
	"strings"

	"github.com/proxenos/proxenos/mapper"
)

// tame returns s as printable does, and keeps it from being a command to the
// continuous integration that reads our output: GitHub obeys a line that, after
// any blanks, begins with "::error", and Azure one that has "##vso[" in it. An
// IPv6 address begins with "::" too and is left alone.
func tame(s string) string {
	s = printable(s)
	if command, ok := strings.CutPrefix(strings.TrimLeft(s, " "), "::"); ok {
		if _, err := netip.ParseAddr(s); err != nil {
			s = s[:len(s)-len(command)-2] + `\x3a:` + command
		}
	}
	return strings.ReplaceAll(s, "##", `\x23#`)
}

// tameViews returns the nodes as viewsOf does; escaped, they hold nothing that
// a log might obey either.
func tameViews(nodes []mapper.Node, escaped bool) []nodeView {
	views := viewsOf(nodes, false)
	if !escaped {
		return views
	}
	for i, v := range views {
		views[i].ID, views[i].Address, views[i].Zone = tame(v.ID), tame(v.Address), tame(v.Zone)
	}
	return views
}
