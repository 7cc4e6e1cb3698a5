package static

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"

	"github.com/proxenos/proxenos/mapper"
)

// The greatest sizes of lists in bytes. Text is read line by line in linear
// time, and has room for a million nodes; parsers of documents are not to be
// trusted with as much.
const (
	MaxSize     = 1 << 20  // of a document in JSON or YAML
	MaxTextSize = 64 << 20 // of text
)

// Parse reads a list of nodes in the order given. The name chooses the format
// as the package comment says, and appears in errors; it may be empty. What
// is wrong with the list is an *Error.
func Parse(data []byte, name string) ([]mapper.Node, error) {
	if name == "" {
		name = "nodes"
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin a file so
	format := formatOf(data, name)
	if err := checkSize(int64(len(data)), name, format); err != nil {
		return nil, err
	}
	if err := checkBytes(data, name); err != nil {
		return nil, err
	}
	switch format {
	case formatJSON:
		return parseJSON(data, name)
	case formatYAML:
		return parseYAML(data, name)
	default:
		return parseText(data, name)
	}
}

// checkSize refuses what is too large for its format.
func checkSize(size int64, name string, f format) error {
	most, what := int64(MaxSize), "a list of nodes in JSON or YAML"
	if f == formatText {
		most, what = MaxTextSize, "a list of nodes"
	}
	if size > most {
		return place{source: name}.errorf("larger than %d bytes (%d MiB), the most %s may have", most, most>>20, what)
	}
	return nil
}

// parseFrom reads no more than it takes to know that there is too much.
func parseFrom(r io.Reader, name string) ([]mapper.Node, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxTextSize+1))
	if err != nil {
		return nil, place{source: name}.wrap(err)
	}
	return Parse(data, name)
}

type format int

const (
	formatText format = iota
	formatJSON
	formatYAML
)

// formatOf goes by the extension, else by the content.
func formatOf(data []byte, name string) format {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return formatJSON
	case ".yaml", ".yml":
		return formatYAML
	}
	if startsJSON(data) {
		return formatJSON
	}
	if startsYAML(data) {
		return formatYAML
	}
	return formatText
}

// startsJSON tells an array from an IPv6 address in brackets.
func startsJSON(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	rest, array := bytes.CutPrefix(data, []byte("["))
	if !array {
		return bytes.HasPrefix(data, []byte("{"))
	}
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && strings.IndexByte(`{"]`, rest[0]) >= 0
}

// startsYAML goes by the first line that is neither blank nor a comment.
func startsYAML(data []byte) bool {
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
