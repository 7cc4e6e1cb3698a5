package checkfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// span holds the key and the value of a pin as the YAML parser located them.
type span struct{ key, value *yaml.Node }

// Record returns data, from which f was parsed, with the node of every pin
// replaced by the ID that owner returns for its key. Everything else, such as
// comments and blank lines, is unchanged. A pin that is not in the form
// "key: node" on one line is an error.
func (f *File) Record(data []byte, owner func(key string) string) ([]byte, error) {
	var edits []edit
	for _, c := range f.Checks {
		for _, pin := range c.Pins {
			e, err := pin.edit(data, owner(pin.Key))
			if err != nil {
				return nil, &Error{f.Name, pin.Line, pin.at.key.Column, err}
			}
			edits = append(edits, e)
		}
	}
	// Apply edits from the end, so that earlier offsets stay valid.
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(b.begin, a.begin) })
	recorded := slices.Clone(data)
	for _, e := range edits {
		recorded = slices.Replace(recorded, e.begin, e.end, []byte(e.text)...)
	}
	return recorded, f.verify(recorded, owner)
}

// verify parses the recorded file and compares its pins with owner.
func (f *File) verify(recorded []byte, owner func(string) string) error {
	again, err := Parse(recorded, f.Name)
	if err != nil {
		return fmt.Errorf("recorded file does not parse: %w", err)
	}
	for _, c := range again.Checks {
		for _, pin := range c.Pins {
			if pin.Node != owner(pin.Key) {
				return &Error{f.Name, pin.Line, 1, fmt.Errorf("cannot record the pin of %q here", pin.Key)}
			}
		}
	}
	return nil
}

// edit replaces the bytes from begin to end.
type edit struct {
	begin, end int
	text       string
}

var errPinForm = errors.New(`cannot record the pin: write it as "key: node" on one line`)

// edit locates the value of a pin after the colon that follows the key.
func (p Pin) edit(data []byte, node string) (edit, error) {
	begin, ok := offset(data, p.at.key)
	if !ok {
		return edit{}, errPinForm
	}
	begin, ok = skipToken(data, begin, p.at.key)
	if !ok {
		return edit{}, errPinForm
	}
	rest := bytes.TrimLeft(data[begin:], " ")
	if len(rest) == 0 || rest[0] != ':' {
		return edit{}, errPinForm
	}
	begin = len(data) - len(rest) + 1
	if p.at.value.Value == "" && p.at.value.Style == 0 {
		return edit{begin, begin, " " + scalar(node)}, nil
	}
	value, ok := offset(data, p.at.value)
	if !ok || value < begin || len(bytes.Trim(data[begin:value], " ")) > 0 {
		return edit{}, errPinForm
	}
	end, ok := skipToken(data, value, p.at.value)
	if !ok {
		return edit{}, errPinForm
	}
	return edit{value, end, scalar(node)}, nil
}

// offset returns the byte offset of a node. The parser counts lines and columns
// from 1, and columns in characters.
func offset(data []byte, n *yaml.Node) (int, bool) {
	at := 0
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		at = len("\ufeff")
	}
	for range n.Line - 1 {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return 0, false
		}
		at += i + 1
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(data[at:])
		at += size
	}
	return at, at <= len(data)
}

// skipToken returns the end of the scalar that begins at from, if it ends on the
// same line.
func skipToken(data []byte, from int, n *yaml.Node) (end int, ok bool) {
	line, _, _ := bytes.Cut(data[from:], []byte("\n"))
	var token []byte
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		token = doubleQuoted.Find(line)
	case n.Style&yaml.SingleQuotedStyle != 0:
		token = singleQuoted.Find(line)
	case n.Style == 0 && bytes.HasPrefix(line, []byte(n.Value)):
		token = []byte(n.Value)
	}
	return from + len(token), len(token) > 0
}

var (
	doubleQuoted = regexp.MustCompile(`^"(?:[^"\\]|\\.)*"`)
	singleQuoted = regexp.MustCompile(`^'(?:[^']|'')*'`)
	// plainID matches IDs that YAML reads as text without quotes, except for
	// the keywords.
	plainID  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$`)
	keywords = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
)

// scalar returns an ID as a YAML scalar. Every JSON string is valid YAML.
func scalar(id string) string {
	if plainID.MatchString(id) && !slices.Contains(keywords, strings.ToLower(id)) {
		return id
	}
	quoted, err := json.Marshal(id)
	if err != nil {
		return `""` // unreachable: every string marshals
	}
	return string(quoted)
}
