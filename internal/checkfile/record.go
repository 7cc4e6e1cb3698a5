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

// span holds a key and its value as the YAML parser located them.
type span struct{ key, value *yaml.Node }

// Owners returns the IDs of the first n nodes of a key, best first.
type Owners func(key string, n int) []string

// Record returns data, from which f was parsed, with the nodes of every pin
// replaced by those that owners returns for its key, and every checksum by the
// given one. Everything else, such as comments and blank lines, is unchanged. A
// pin or a checksum that is not on one line is an error.
func (f *File) Record(data []byte, owners Owners, checksum string) ([]byte, error) {
	var edits []edit
	add := func(line int, at span, text string) error {
		e, err := at.edit(data, text)
		if err != nil {
			return &Error{f.Name, line, at.key.Column, err}
		}
		edits = append(edits, e)
		return nil
	}
	for _, c := range f.Checks {
		for _, pin := range c.Pins {
			if err := add(pin.Line, pin.at, pin.text(owners)); err != nil {
				return nil, err
			}
		}
		if c.Checksum != nil {
			if err := add(c.Checksum.Line, c.Checksum.at, scalar(checksum)); err != nil {
				return nil, err
			}
		}
	}
	// Apply edits from the end, so that earlier offsets stay valid.
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(b.begin, a.begin) })
	recorded := slices.Clone(data)
	for _, e := range edits {
		recorded = slices.Replace(recorded, e.begin, e.end, []byte(e.text)...)
	}
	return recorded, f.verify(recorded, owners, checksum)
}

// owners returns the nodes to pin: as many as the pin has.
func (p Pin) owners(owners Owners) []string { return owners(p.Key, max(1, len(p.Nodes))) }

// text returns the nodes to pin in YAML: a scalar or a list, as the pin has now.
func (p Pin) text(owners Owners) string {
	ids := p.owners(owners)
	for i, id := range ids {
		ids[i] = scalar(id)
	}
	if p.at.value.Kind == yaml.SequenceNode {
		return "[" + strings.Join(ids, ", ") + "]"
	}
	return ids[0]
}

// verify parses the recorded file and compares its pins and checksums.
func (f *File) verify(recorded []byte, owners Owners, checksum string) error {
	again, err := f.format.Parse(recorded, f.Name)
	if err != nil {
		return fmt.Errorf("recorded file does not parse: %w", err)
	}
	for _, c := range again.Checks {
		for _, pin := range c.Pins {
			if !slices.Equal(pin.Nodes, pin.owners(owners)) {
				return &Error{f.Name, pin.Line, 1, fmt.Errorf("cannot record the pin of %q here", pin.Key)}
			}
		}
		if c.Checksum != nil && c.Checksum.Text != checksum {
			return &Error{f.Name, c.Checksum.Line, 1, errors.New("cannot record the checksum here")}
		}
	}
	return nil
}

// edit replaces the bytes from begin to end.
type edit struct {
	begin, end int
	text       string
}

var errForm = errors.New(`cannot record this: write it as "key: value" or "key: [value, value]" on one line`)

// edit locates the value after the colon that follows the key.
func (s span) edit(data []byte, text string) (edit, error) {
	begin, ok := offset(data, s.key)
	if !ok {
		return edit{}, errForm
	}
	begin, ok = skipToken(data, begin, s.key)
	if !ok {
		return edit{}, errForm
	}
	rest := bytes.TrimLeft(data[begin:], " ")
	if len(rest) == 0 || rest[0] != ':' {
		return edit{}, errForm
	}
	begin = len(data) - len(rest) + 1
	if s.value.Value == "" && s.value.Style == 0 && s.value.Kind == yaml.ScalarNode {
		return edit{begin, begin, " " + text}, nil
	}
	value, ok := offset(data, s.value)
	if !ok || value < begin || len(bytes.Trim(data[begin:value], " ")) > 0 {
		return edit{}, errForm
	}
	end, ok := skipValue(data, value, s.value)
	if !ok {
		return edit{}, errForm
	}
	return edit{value, end, text}, nil
}

// skipValue returns the end of the scalar or the flow list that begins at from,
// if it ends on the same line.
func skipValue(data []byte, from int, n *yaml.Node) (end int, ok bool) {
	if n.Kind == yaml.ScalarNode {
		return skipToken(data, from, n)
	}
	if n.Style&yaml.FlowStyle == 0 || len(n.Content) == 0 {
		return 0, false
	}
	last := n.Content[len(n.Content)-1]
	if last.Line != n.Line {
		return 0, false
	}
	if end, ok = offset(data, last); !ok {
		return 0, false
	}
	if end, ok = skipToken(data, end, last); !ok {
		return 0, false
	}
	rest := bytes.TrimLeft(data[end:], " ,")
	if len(rest) == 0 || rest[0] != ']' {
		return 0, false
	}
	return len(data) - len(rest) + 1, true
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
