// Package nodelist reads and writes lists of nodes in text and in JSON. It is
// the one parser behind files of nodes, nodes in flags, and snapshots. The
// package comment of mapper/static describes the formats.
package nodelist

import (
	"bytes"
	"regexp"
	"strings"
)

// Node has the fields of mapper.Node, to which it converts.
type Node struct {
	Name   string            `json:"id"`
	Addr   string            `json:"address,omitzero"`
	Weight float64           `json:"weight,omitzero"`
	Drain  bool              `json:"drain,omitzero"`
	Zone   string            `json:"zone,omitzero"`
	Domain string            `json:"domain,omitzero"`
	Tags   []string          `json:"tags,omitempty"`
	Meta   map[string]string `json:"meta,omitempty"`
}

// MaxWeight is the greatest weight of a node, as in package mapper.
const MaxWeight = 1e200

// LooksLikeJSON tells an array from an IPv6 address in brackets.
func LooksLikeJSON(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	rest, array := bytes.CutPrefix(data, []byte("["))
	if !array {
		return bytes.HasPrefix(data, []byte("{"))
	}
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && strings.IndexByte(`{"]`, rest[0]) >= 0
}

var written = regexp.MustCompile(`^\s*\{\s*"schema"\s*:`)

// LooksWritten reports whether data begins as the program itself writes a list in
// JSON.
func LooksWritten(data []byte) bool { return written.Match(data) }

// LooksLikeYAML goes by the first line that is neither blank nor a comment.
func LooksLikeYAML(data []byte) bool {
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		first, _, _ := bytes.Cut(line, []byte(" "))
		return bytes.HasPrefix(line, []byte("---")) || string(first) == "-" || string(first) == "nodes:"
	}
	return false
}
